# make          every program, in target/dist/
# make demo     svscan on a copy of services.example/
# make test     all tests
# make check    format and clippy, warnings as errors
# make install  into $(DESTDIR)$(PREFIX)

PREFIX = /usr/local
DESTDIR =
CARGO = cargo
DIST = target/dist
NEXT = target/next

# Programs are static, but for those that need what the system's own C library knows: accounts in LDAP and its like, and
# the time zone.
STATIC = svscan supervise svc svok svstat svup svwait svscanboot \
	multilog tai64n readproctitle \
	envdir envini softlimit setlock fghack pgrphack
DYNAMIC = runas setuidgid envuidgid setuser tai64nlocal
# Those that an upgrade goes on as.
RESIDENT = svscan supervise

HOST := $(shell rustc -vV 2>/dev/null | sed -n 's/^host: //p')
# Where this target cannot be had, or with `make MUSL=`, the static programs are linked with glibc.
MUSL = $(subst -gnu,-musl,$(HOST))
GLIBC = --config 'target.$(HOST).rustflags=["-Ctarget-feature=+crt-static","-Crelocation-model=static"]'
BUILD = $(CARGO) build --locked

BIN = $(DESTDIR)$(PREFIX)/bin
MAN = $(DESTDIR)$(PREFIX)/share/man

# Puts the programs $(2) from the folder $(1) into the folder $(3): by renaming, so that nobody meets half a program and
# the ones that run are not disturbed, and only where they are not the same already.
put = for program in $(2); do \
		cmp -s $(1)/$$program $(3)/$$program || { \
			install -m 755 $(1)/$$program $(3)/.$$program.new && mv -f $(3)/.$$program.new $(3)/$$program; \
		} || exit 1; \
	done

# Builds the static programs $(2) in the profile $(1), with the options $(4), and puts them into the folder $(3).
static = if [ -n '$(MUSL)' ] && \
		{ [ -d "$$(rustc --print sysroot)/lib/rustlib/$(MUSL)" ] || rustup target add $(MUSL) >/dev/null 2>&1; }; then \
		$(BUILD) --profile $(1) $(4) --target-dir target --target $(MUSL) $(2:%=--bin %) && \
		$(call put,target/$(MUSL)/$(1),$(2),$(3)); \
	else \
		echo 'upkeep: no musl target here: the static programs are linked with glibc, and are larger'; \
		$(BUILD) --profile $(1) $(4) --target-dir target/static --target $(HOST) $(GLIBC) $(2:%=--bin %) && \
		$(call put,target/static/$(HOST)/$(1),$(2),$(3)); \
	fi

programs:
	@[ -n '$(HOST)' ] || { echo 'upkeep: rustc and cargo are needed, version 1.85 or later' >&2; exit 1; }
	@mkdir -p $(DIST)
	@$(call static,release,$(STATIC),$(DIST))
	@$(BUILD) --release --target-dir target --target $(HOST) $(DYNAMIC:%=--bin %)
	@$(call put,target/$(HOST)/release,$(DYNAMIC),$(DIST))

# What upgrades are tested with: programs that write the record as a later version may.
next: programs
	@mkdir -p $(NEXT)
	@$(call static,next,$(RESIDENT),$(NEXT),--features next-record)

demo: programs
	@services.example/demo $(DIST)

# More threads than processors: most tests wait for something most of the time.
test: next
	RUST_TEST_THREADS=6 $(CARGO) test --locked --workspace

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

.PHONY: programs next demo test check install
