# The front door.  CMake is the build; this only remembers the spellings.
B ?= build
MAKEFLAGS += --no-print-directory
GEN := $(shell command -v ninja >/dev/null && echo -G Ninja)
CONFIGURE = cmake $(GEN) -S . -B $(1) $(2) >/dev/null && cmake --build $(1) -j $(shell nproc)
DEMO = Good morning. Any English sentence will do, even one that was never recorded.

all: ; @$(call CONFIGURE,$(B))

# Install what is missing, build, and speak one sentence into demo.wav.
demo:
	@tools/deps.sh build
	@$(call CONFIGURE,$(B)) --target echotts_cli
	ECHOTTS_CONFIG=none $(B)/echotts say "$(DEMO)" -m models/small -v joe --rng-seed 1 -o demo.wav
	@ls -l demo.wav

# The same, and the tests; ends with "N passed, N failed".
check: ready ; @python3 tests/summary.py $(B) -LE long

# The rest: the same once more in other ways, which takes half as long again.
check-long: ready ; @python3 tests/summary.py $(B) -L long

ready:
	@tools/deps.sh build test
	@tests/quality/install.sh $(B)/ear
	@tests/server/install.sh $(B)/served
	@$(MAKE) all

# The tests under the address and undefined behaviour sanitizers (of the golden data, which take
# minutes there, those of the smaller model), and the threads under the thread sanitizer: there the
# server's, too, under 64 clients whose speech is short.
asan:
	@tools/deps.sh build test
	@$(call CONFIGURE,$(B)-asan,-DECHOTTS_SANITIZE=address$(comma)undefined -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS=-O2)
	@python3 tests/summary.py $(B)-asan -LE slow
tsan:
	@$(call CONFIGURE,$(B)-tsan,-DECHOTTS_SANITIZE=thread -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS=-O1)
	@python3 tests/summary.py $(B)-tsan -R '^(api|speak_hidden|lanes|speaker_cache|sharing)$$'
	@python3 tests/server/soak.py $(B)-tsan/echotts tests/data/tiny --seconds $(or $(SECONDS),30) --rounds 0 \
	    --every 7 --words 2 --deaf --memory 60 --queue 64 --set num_steps=1 --set sequence_length=8 --set retakes=0
comma := ,

# 64 clients of the server at once for minutes: nothing may be lost, mixed up, or left behind.
soak:
	@tools/deps.sh build test
	@tests/quality/install.sh $(B)/ear
	@$(MAKE) all
	@$(B)/ear/bin/python tests/server/soak.py $(B)/echotts models/small --seconds $(or $(SECONDS),300)

# A random model of full size: 7.5 GB of disk and some minutes.
check-base: all ; @python3 tests/base.py $(B)/echotts

# The heavy operations at the model's shapes on all cores, then every kernel of every instruction
# set on one; against the peak of the same run.
bench: all ; @$(B)/echotts bench --kernels && $(B)/tests/test_kernels --bench

# Look for inputs that break the parsers: needs clang and time.
FUZZED = safetensors bind text clean speller split audio locate toml torch voice
fuzz:
	@CC=clang $(call CONFIGURE,$(B)-fuzz,-DECHOTTS_FUZZ=ON -DECHOTTS_TESTS=OFF -DECHOTTS_SANITIZE=address$(comma)undefined)
	@mkdir -p $(foreach f,$(FUZZED),$(B)-fuzz/found_$f)
	@for f in $(FUZZED); do \
	    $(B)-fuzz/tests/fuzz_$$f -max_total_time=$(or $(SECONDS),60) -close_fd_mask=3 \
	        $(B)-fuzz/found_$$f tests/fuzz/corpus/$$f || exit 1; done

# A recogniser listens to the small voice under many settings: writes docs/QUALITY.md and its pictures,
# and goes on where it was stopped.
quality: all
	@tools/deps.sh build test
	@tests/quality/install.sh $(B)/ear full
	@$(B)/ear/bin/python tests/quality/judge.py full $(B)/echotts models/small --work $(B)/quality --out docs/QUALITY.md

# The modules that are trained, against the reference's results, and every stage of training with tiny
# sizes: needs PyTorch (train/README.md), in PYTHON.
train-check: all
	@cd train && $(or $(PYTHON),python3) -W ignore check_modules.py && ./rehearse.sh ../$(B)/echotts

install: all ; @cmake --install $(B)
fmt:     ; @git clang-format
clean:   ; @rm -rf build build-* demo.wav
.PHONY: all demo check check-long ready soak check-base asan tsan bench fuzz quality train-check install fmt clean
