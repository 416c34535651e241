# make          every program, in target/dist/
# make demo     svscan on a copy of services.example/
# make test     all tests
# make check    format and clippy, warnings as errors
# make install  into $(DESTDIR)$(PREFIX)

PREFIX = /usr/local
DESTDIR =
CARGO = cargo
DIST = target/dist

# Programs are static, but for those that need what the system's own C library knows: accounts in LDAP and its like, and
# the time zone.
STATIC = svscan supervise svc svok svstat svup svscanboot \
	multilog tai64n readproctitle \
	envdir envini softlimit setlock fghack pgrphack
DYNAMIC = runas setuidgid envuidgid setuser tai64nlocal

HOST := $(shell rustc -vV 2>/dev/null | sed -n 's/^host: //p')
# Where this target cannot be had, or with `make MUSL=`, the static programs are linked with glibc.
MUSL = $(subst -gnu,-musl,$(HOST))
GLIBC = --config 'target.$(HOST).rustflags=["-Ctarget-feature=+crt-static","-Crelocation-model=static"]'
BUILD = $(CARGO) build --release --locked

BIN = $(DESTDIR)$(PREFIX)/bin
MAN = $(DESTDIR)$(PREFIX)/share/man

# Puts the programs $(2) from the folder $(1) into the folder $(3): by renaming, so that nobody meets half a program and
# the ones that run are not disturbed, and only where they are not the same already.
put = for program in $(2); do \
		cmp -s $(1)/$$program $(3)/$$program || { \
			install -m 755 $(1)/$$program $(3)/.$$program.new && mv -f $(3)/.$$program.new $(3)/$$program; \
		} || exit 1; \
	done

programs:
	@[ -n '$(HOST)' ] || { echo 'upkeep: rustc and cargo are needed, version 1.85 or later' >&2; exit 1; }
	@mkdir -p $(DIST)
	@if [ -n '$(MUSL)' ] && \
		{ [ -d "$$(rustc --print sysroot)/lib/rustlib/$(MUSL)" ] || rustup target add $(MUSL) >/dev/null 2>&1; }; then \
		$(BUILD) --target-dir target --target $(MUSL) $(STATIC:%=--bin %) && \
		$(call put,target/$(MUSL)/release,$(STATIC),$(DIST)); \
	else \
		echo 'upkeep: no musl target here: the static programs are linked with glibc, and are larger'; \
		$(BUILD) --target-dir target/static --target $(HOST) $(GLIBC) $(STATIC:%=--bin %) && \
		$(call put,target/static/$(HOST)/release,$(STATIC),$(DIST)); \
	fi
	@$(BUILD) --target-dir target --target $(HOST) $(DYNAMIC:%=--bin %)
	@$(call put,target/$(HOST)/release,$(DYNAMIC),$(DIST))

demo: programs
	@services.example/demo $(DIST)

test: programs
	$(CARGO) test --locked --workspace

check:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

# Under sudo there is often no cargo: then what `make` has built is installed.
install: $(if $(shell $(CARGO) --version 2>/dev/null),programs)
	@[ -x $(DIST)/svscan ] || { echo 'upkeep: nothing is built yet: run make first' >&2; exit 1; }
	install -d $(BIN)
	@$(call put,$(DIST),$(STATIC) $(DYNAMIC),$(BIN))
	@for page in man/*.[178]; do \
		install -D -m 644 $$page $(MAN)/man$${page##*.}/$${page##*/} || exit 1; \
	done
	@echo 'upkeep: the programs are in $(BIN), their man pages in $(MAN)'

.PHONY: programs demo test check install
