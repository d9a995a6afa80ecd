/* SPDX-License-Identifier: MIT */
/*
 * test_vulkan.c - when a GPU fails: test_vulkan FOLDER.
 *
 * The faults are put into the functions of the driver: a device that is lost, one that does not
 * answer, one without memory.  The library's idea of the machine is ours too: what earlier runs
 * know, and whether there is a GPU.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backend/vulkan/vulkan.h"
#include "engine/known.h"
#include "engine/session.h"
#include "unit.h"

static const char *folder;
static const char *known;  /* what earlier runs found out about every device; NULL: nothing */
static char learned[400];
static bool gpu; /* the system seems to have one */
static char last_line[2000];

/* Of a device that does not answer nothing is given back: it may be at work for ever. */
__attribute__((visibility("default"))) const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

const struct memo *__wrap_echo_known(void);
bool __wrap_echo_vulkan_is_likely(void);

static bool recall(const struct memo *memo, const char *name, char *fact, size_t size)
{
    (void)memo, (void)name;
    if (known)
        snprintf(fact, size, "%s", known);
    return known != NULL;
}

static void remember(const struct memo *memo, const char *name, const char *fact)
{
    (void)memo;
    snprintf(learned, sizeof learned, "%s %s", name, fact);
}

const struct memo *__wrap_echo_known(void)
{
    static const struct memo memo = { recall, remember };

    return &memo;
}

bool __wrap_echo_vulkan_is_likely(void)
{
    return gpu;
}

static void listen(void *user, echo_log_level level, const char *line)
{
    (void)user, (void)level;
    snprintf(last_line, sizeof last_line, "%s", line);
}

/* ---- a model on the device ---- */

static echo_status open_model(echo_model **m, const char *device, const char *codec_device,
                              echo_error *e)
{
    echo_model_opts o = { .device = device, .codec_device = codec_device, .log = listen };

    *last_line = '\0';
    return echo_model_open(m, folder, &o, e);
}

static struct vulkan_device *device_of(const echo_model *m)
{
    return to_vulkan(m->device);
}

#define FRAMES 8

struct speech {
    float pcm[FRAMES * 2048];
    size_t n;
};

static bool hear(void *user, const float *pcm, size_t n)
{
    struct speech *s = user;

    if (s->n + n <= sizeof s->pcm / sizeof *s->pcm)
        memcpy(s->pcm + s->n, pcm, n * sizeof *pcm);
    s->n += n;
    return true;
}

/* Its keys and values are on the device that is lost. */
static echo_voice *voice_for(const echo_model *m)
{
    static float latent[1 << 14];
    echo_voice *v = NULL;
    int frames = 2 * m->dit.encoder[CONTEXT_SPEAKER].patch, size = m->dit.latent;

    for (int i = 0; i < frames * size; i++)
        latent[i] = sinf((float)i);
    CHECK(!echo_voice_from_latent(&v, latent, frames, size, NULL));
    return v;
}

static echo_status speak(echo_session *s, const echo_voice *v, struct speech *out,
                         echo_error *e)
{
    echo_params p = echo_params_default(s->model);
    echo_sink sink = { .user = out, .audio = hear };

    out->n = 0;
    p.num_steps = 2;
    p.rng_seed = 5;
    p.sequence_length = FRAMES;
    p.trim = false;
    return echo_generate(s, "Some words.", v, &p, &sink, e);
}

/* ---- faults ---- */

static VkResult VKAPI_CALL lose(VkQueue queue, uint32_t n, const VkSubmitInfo *info,
                                VkFence fence)
{
    (void)queue, (void)n, (void)info, (void)fence;
    return VK_ERROR_DEVICE_LOST;
}

static VkResult VKAPI_CALL never(VkDevice device, uint32_t n, const VkFence *fences,
                                 VkBool32 all, uint64_t timeout)
{
    (void)device, (void)n, (void)fences, (void)all, (void)timeout;
    return VK_TIMEOUT;
}

static VkResult VKAPI_CALL no_memory(VkDevice device, const VkMemoryAllocateInfo *info,
                                     const VkAllocationCallbacks *c, VkDeviceMemory *out)
{
    (void)device, (void)info, (void)c, (void)out;
    return VK_ERROR_OUT_OF_DEVICE_MEMORY;
}

static void drop_lost(struct vulkan_device *d)
{
    d->vk.vkQueueSubmit = lose;
}

static void drop_hung(struct vulkan_device *d)
{
    d->vk.vkWaitForFences = never;
    d->patience = 0.3;
}

/* The call that meets the fault fails with a line; the next one says the same as before. */
static void check_loss(void (*fault)(struct vulkan_device *), const char *words)
{
    static struct speech before, after;
    echo_session *s = NULL, *second = NULL;
    echo_model *m = NULL;
    echo_voice *v = NULL;
    echo_error e = { 0 };

    known = "passed 0 1e10";
    if (!CHECK_SAY(!open_model(&m, "vulkan", NULL, &e), "%s", e.text) ||
        !CHECK(!echo_session_open(&s, m, &e)))
        return;
    v = voice_for(m);
    CHECK_SAY(!speak(s, v, &before, &e) && before.n == FRAMES * 2048, "%s", e.text);
    struct device *faulty = m->device;

    fault(device_of(m));
    CHECK(speak(s, v, &after, &e) == ECHO_ERR_DEVICE);
    CHECK_SAY(strstr(e.text, words) != NULL, "'%s' has no '%s'", e.text, words);
    CHECK(device_of(m)->lost);
    known = "failed its products are wrong"; /* it does not come back at once */
    for (int i = 0; i < 2; i++) {
        CHECK(speak(s, v, &after, &e) == ECHO_ERR_DEVICE);
        CHECK_SAY(strstr(e.text, "products are wrong") != NULL, "%s", e.text);
    }
    CHECK(!*echo_model_describe(m).device);
    CHECK(echo_session_open(&second, m, &e) == ECHO_ERR_DEVICE && !second);
    known = "passed 0 1e10";
    CHECK_SAY(!speak(s, v, &after, &e), "%s", e.text);
    CHECK(after.n == before.n && !memcmp(after.pcm, before.pcm, sizeof after.pcm));
    CHECK_SAY(strstr(last_line, "was lost in an earlier call") != NULL, "'%s'", last_line);
    CHECK(m->device != faulty && m->speakers.first->memory.device == m->device);
    echo_voice_close(&v);
    echo_session_close(&s);
    echo_model_close(&m);
}

/* A job that does not fit fails; the device is as good as before. */
static void check_memory(void)
{
    static struct speech out;
    echo_session *s = NULL;
    echo_model *m = NULL;
    echo_error e = { 0 };

    CHECK_SAY(!open_model(&m, "vulkan", NULL, &e), "%s", e.text);
    PFN_vkAllocateMemory real = device_of(m)->vk.vkAllocateMemory;

    CHECK(!echo_session_open(&s, m, &e));
    device_of(m)->vk.vkAllocateMemory = no_memory;
    CHECK(speak(s, NULL, &out, &e) == ECHO_ERR_MEMORY);
    CHECK_SAY(strstr(e.text, "memory") != NULL, "%s", e.text);
    device_of(m)->vk.vkAllocateMemory = real;
    CHECK_SAY(!speak(s, NULL, &out, &e) && out.n == FRAMES * 2048, "%s", e.text);
    echo_session_close(&s);
    echo_model_close(&m);
}

/* ---- what is chosen ---- */

static uint64_t budget;

static void VKAPI_CALL small_budget(VkPhysicalDevice gpu_handle,
                                    VkPhysicalDeviceMemoryProperties2 *out)
{
    VkPhysicalDeviceMemoryBudgetPropertiesEXT *b = out->pNext;

    (void)gpu_handle;
    for (uint32_t i = 0; i < VK_MAX_MEMORY_HEAPS; i++) {
        b->heapBudget[i] = budget;
        b->heapUsage[i] = 0;
    }
}

/* Which device a model gets, by how its name begins, and what is said about it. */
static void check_choice(const char *device, const char *want, const char *codec,
                         const char *words)
{
    echo_model *m = NULL;
    echo_error e = { 0 };

    if (!CHECK_SAY(!open_model(&m, device, NULL, &e), "%s", e.text))
        return;
    echo_model_info i = echo_model_describe(m);

    CHECK_SAY(!strncmp(i.device, want, strlen(want)), "%s, not %s", i.device, want);
    CHECK_SAY(!strncmp(i.codec_device, codec, strlen(codec)), "%s, not %s", i.codec_device,
              codec);
    CHECK_SAY(strstr(last_line, words) != NULL, "'%s' has no '%s'", last_line, words);
    echo_model_close(&m);
}

static void check_refusal(const char *device, const char *words)
{
    echo_model *m = NULL;
    echo_error e = { 0 };

    CHECK(open_model(&m, device, NULL, &e) == ECHO_ERR_DEVICE && !m);
    CHECK_SAY(strstr(e.text, words) != NULL, "'%s' has no '%s'", e.text, words);
}

static void check_auto(void)
{
    struct vk_gpu *g = (struct vk_gpu *)(uintptr_t)&echo_vk_instance()->gpus[0];
    VkPhysicalDeviceType type = g->type;

    gpu = false;
    known = "passed 0 1e15";
    check_choice("auto", "cpu", "cpu", "");
    CHECK(!*last_line); /* there is nothing to say */
    gpu = true;
    g->type = VK_PHYSICAL_DEVICE_TYPE_CPU;
    check_choice("auto", "cpu", "cpu", "computes on the CPU itself");
    g->type = VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU;
    check_choice("auto", "vulkan:0", "vulkan:0", "trillion operations");
    known = "passed 0 1e3";
    check_choice("auto", "cpu", "cpu", "trillion operations");
    known = "failed its products are wrong by 1.0";
    check_choice("auto", "cpu", "cpu", "did not pass its self-test: its products");
    check_refusal("vulkan", "did not pass its self-test: its products are wrong by 1.0");
    g->type = type;
    gpu = false;
}

static void check_budget(void)
{
    struct vk_instance *all = (struct vk_instance *)(uintptr_t)echo_vk_instance();
    PFN_vkGetPhysicalDeviceMemoryProperties2 real =
        all->vk.vkGetPhysicalDeviceMemoryProperties2;
    VkPhysicalDeviceType type = all->gpus[0].type;
    bool tells = all->gpus[0].has_budget;

    all->vk.vkGetPhysicalDeviceMemoryProperties2 = small_budget;
    all->gpus[0].has_budget = true;
    all->gpus[0].type = VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU;
    gpu = true;
    known = "passed 0 1e15";
    budget = (uint64_t)8 << 30;
    check_choice("auto", "vulkan", "vulkan", "");
    budget = (uint64_t)300 << 20; /* the transformer alone */
    check_choice("auto", "vulkan", "cpu", "");
    check_choice("vulkan", "vulkan", "cpu", "no room for it beside the transformer");
    budget = (uint64_t)20 << 20;
    check_choice("auto", "cpu", "cpu", "memory left");
    check_refusal("vulkan", "has 0.0 GB of memory left, and the model takes 0.2");
    gpu = false;
    all->gpus[0].type = type;
    all->gpus[0].has_budget = tells;
    all->vk.vkGetPhysicalDeviceMemoryProperties2 = real;
}

/* Without anything known the device is tested, and what it is found to be is remembered. */
static void check_memo(void)
{
    known = NULL;
    *learned = '\0';
    check_choice("vulkan", "vulkan:0", "vulkan:0", "");
    CHECK_SAY(strstr(learned, " passed ") != NULL && strstr(learned, echo_spirv_hash),
              "'%s'", learned);
    known = "nonsense";
    *learned = '\0';
    check_choice("vulkan:0", "vulkan:0", "vulkan:0", "");
    CHECK(strstr(learned, " passed ") != NULL);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    folder = argv[1];
    unsetenv("ECHOTTS_DEVICE");
    if (!CHECK_SAY(echo_vk_instance()->n > 0, "%s", echo_vk_instance()->why))
        return unit_report();
    check_memo();
    check_auto();
    check_budget();
    check_memory();
    check_loss(drop_lost, "the device was lost");
    check_loss(drop_hung, "does not answer");
    return unit_report();
}
