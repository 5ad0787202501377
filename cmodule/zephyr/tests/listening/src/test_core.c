/* SPDX-License-Identifier: MIT */
/* The baked model in the core, as an application uses it. */
#include <string.h>

#include <zephyr/kernel.h>
#include <zephyr/ztest.h>
#include <liquid_audio/baked_model.h>
#include <liquid_audio_lnn.h>

static lnn_model_t *load(void)
{
	uint32_t ram_bytes;
	lnn_model_t *model;

	zassert_equal(lnn_ram_bytes(lnn_baked_model, lnn_baked_model_bytes, &ram_bytes), LNN_OK);
	void *memory = k_aligned_alloc(8, ram_bytes);

	zassert_not_null(memory, "%u bytes", ram_bytes);
	zassert_equal(lnn_load(lnn_baked_model, lnn_baked_model_bytes, memory, ram_bytes, &model),
		      LNN_OK);
	return model;
}

ZTEST(core, test_model_is_aligned_in_flash)
{
	zassert_equal((uintptr_t)lnn_baked_model % 16, 0);
}

ZTEST(core, test_golden_vectors)
{
	lnn_model_t *model = load();

	zassert_equal(lnn_selftest(model, NULL), LNN_OK);
	k_free(model);
}

ZTEST(core, test_damaged_model_is_refused)
{
	static uint8_t head[256] __aligned(16);
	static uint8_t memory[64] __aligned(8);
	lnn_model_t *model;

	memcpy(head, lnn_baked_model, sizeof(head));
	zassert_equal(lnn_load(head, sizeof(head), memory, sizeof(memory), &model),
		      LNN_ERR_TRUNCATED);
	head[0] ^= 1;
	zassert_equal(lnn_load(head, sizeof(head), memory, sizeof(memory), &model), LNN_ERR_MAGIC);
}

ZTEST(core, test_silence_computes_nothing)
{
	static const int16_t silence[1600];
	lnn_result_t result;
	lnn_model_t *model = load();

	for (int i = 0; i < 10; i++) {
		zassert_equal(lnn_process(model, silence, ARRAY_SIZE(silence), &result), LNN_OK);
	}
	const lnn_counters_t *counters = lnn_get_counters(model);

	zassert_true(counters->ticks > 0);
	zassert_equal(counters->gated_ticks, counters->ticks);
	zassert_equal(counters->steps, 0);
	k_free(model);
}

ZTEST_SUITE(core, NULL, NULL, NULL, NULL, NULL);
