    .section .rodata
    .balign 16
    .global model_data, model_data_end
model_data:
    .incbin MODEL
model_data_end:
