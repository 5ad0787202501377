/* SPDX-License-Identifier: MIT */
/* generate SEED COUNT MOST_BYTES FOLDER [nearly]: writes COUNT legal or nearly legal models, FOLDER/00000.lnn and so on. */
#include "exercise.h"
#include "generator.h"

int main(int argc, char **argv) {
    if (argc < 5) {
        fprintf(stderr, "usage: generate SEED COUNT MOST_BYTES FOLDER [nearly]\n");
        return 2;
    }
    for (int i = 0, count = atoi(argv[2]); i < count; i++) {
        char path[4096];
        choices_t c = choices_from(NULL, 0);
        c.state += ((uint64_t)strtoul(argv[1], NULL, 10) << 32) + (uint32_t)i;
        model_file_t model = generate_model(&c, argc == 5, (uint32_t)atoi(argv[3]));
        snprintf(path, sizeof path, "%s/%05d.lnn", argv[4], i);
        FILE *file = fopen(path, "wb");
        if (!file || fwrite(model.bytes, 1, model.n, file) != model.n || fclose(file) != 0) {
            fprintf(stderr, "cannot write %s\n", path);
            return 1;
        }
        free(model.bytes);
    }
    return 0;
}
