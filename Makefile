# make          every program, in target/dist/
# make demo     svscan on a copy of services.example/
# make test     all tests
# make check    format and clippy, warnings as errors
# make counts   instructions of the hot paths, beside the kept figures: needs valgrind
# make bench    all that is measured, beside daemontools, runit, s6 and supervisor
# make install  into $(DESTDIR)$(PREFIX): programs, man pages, completions, and what starts svscan at boot

PREFIX = /usr/local
DESTDIR =
# Settings of the system's own packages are in /etc; those of others beside their programs.
SYSCONFDIR = $(if $(filter / /usr,$(PREFIX)),/etc,$(PREFIX)/etc)
# What svscan watches when it is started at boot.
SERVICE = /service
CARGO = cargo
DIST = target/dist
NEXT = target/next

# Programs are static, but for those that need what the system's own C library knows: accounts in LDAP and its like, and
# the time zone.
STATIC = svscan supervise svc svok svstat svup svwait svscanboot \
	multilog tai64n readproctitle \
	envdir envini softlimit setlock fghack pgrphack
DYNAMIC = runas setuidgid envuidgid setuser tai64nlocal svctl
# Those that an upgrade goes on as.
RESIDENT = svscan supervise

HOST := $(shell rustc -vV 2>/dev/null | sed -n 's/^host: //p')
# Where this target cannot be had, or with `make MUSL=`, the static programs are linked with glibc.
MUSL = $(subst -gnu,-musl,$(HOST))
GLIBC = --config 'target.$(HOST).rustflags=["-Ctarget-feature=+crt-static","-Crelocation-model=static"]'
BUILD = $(CARGO) build --locked

BIN = $(PREFIX:/=)/bin
SHARE = $(DESTDIR)$(PREFIX:/=)/share
UNITS = $(DESTDIR)$(PREFIX:/=)/lib/systemd/system
# Where each shell looks, and what it is called there.
COMPLETIONS = bash:bash-completion/completions/svctl zsh:zsh/site-functions/_svctl fish:fish/vendor_completions.d/svctl.fish

# Puts the programs $(2) from the folder $(1) into the folder $(3): by renaming, so that nobody meets half a program and
# the ones that run are not disturbed, and only where they are not the same already.
put = for program in $(2); do \
		cmp -s $(1)/$$program $(3)/$$program || { \
			install -m 755 $(1)/$$program $(3)/.$$program.new && mv -f $(3)/.$$program.new $(3)/$$program; \
		} || exit 1; \
	done

# Whether there is the musl target, or it can be had.
has_musl = [ -n '$(MUSL)' ] && \
	{ [ -d "$$(rustc --print sysroot)/lib/rustlib/$(MUSL)" ] || rustup target add $(MUSL) >/dev/null 2>&1; }

# Builds the static programs $(2) in the profile $(1), with the options $(4), and puts them into the folder $(3).
static = if $(has_musl); then \
		$(BUILD) --profile $(1) $(4) --target-dir target --target $(MUSL) --no-default-features $(2:%=--bin %) && \
		$(call put,target/$(MUSL)/$(1),$(2),$(3)); \
	else \
		echo 'upkeep: no musl target here: the static programs are linked with glibc, and are larger'; \
		$(BUILD) --profile $(1) $(4) --target-dir target/static --target $(HOST) $(GLIBC) --no-default-features $(2:%=--bin %) && \
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

# Instructions of the hot paths beside those that are kept; with COUNTS=update they are written anew. They are counted in a
# program that is built as the resident programs are.
COUNTS = check
counts:
	@if ! command -v valgrind >/dev/null; then \
		echo 'upkeep: no valgrind here: instructions are not counted'; \
	elif $(has_musl); then \
		$(BUILD) --release --target-dir target --target $(MUSL) -p instructions && \
		target/$(MUSL)/release/instructions $(COUNTS); \
	else \
		echo 'upkeep: no musl target here: instructions are not counted'; \
	fi

# What is measured, and how, is in its options: `make bench BENCH=--help`.
BENCH =
bench: programs
	@mkdir -p target/bench
	@$(call static,release,beacon,target/bench,-p beacon)
	@$(BUILD) --profile bench-program --target-dir target --target $(HOST) -p bench
	@target/$(HOST)/bench-program/bench $(BENCH)

# A file of init/ as it is for this installation, in its place and mode.
placed = sed 's|@BIN@|$(BIN)|g; s|@SERVICE@|$(SERVICE)|g' init/$(1) | install -D -m $(3) /dev/stdin $(2)

# Under sudo there is often no cargo: then what `make` has built is installed.
install: $(if $(shell $(CARGO) --version 2>/dev/null),programs)
	@[ -x $(DIST)/svscan ] || { echo 'upkeep: nothing is built yet: run make first' >&2; exit 1; }
	install -d $(DESTDIR)$(BIN)
	@$(call put,$(DIST),$(STATIC) $(DYNAMIC),$(DESTDIR)$(BIN))
	@for page in man/*.[178]; do \
		install -D -m 644 $$page $(SHARE)/man/man$${page##*.}/$${page##*/} || exit 1; \
	done
	@for shell in $(COMPLETIONS); do \
		install -D -m 644 crates/svctl/src/completion/svctl.$${shell%%:*} $(SHARE)/$${shell#*:} || exit 1; \
	done
	@$(call placed,upkeep.service,$(UNITS)/upkeep.service,644)
	@$(call placed,upkeep.openrc,$(DESTDIR)$(SYSCONFDIR)/init.d/upkeep,755)
	@$(call placed,inittab,$(SHARE)/upkeep/inittab,644)
	@echo 'upkeep: the programs are in $(DESTDIR)$(BIN), their man pages in $(SHARE)/man'
	@echo 'upkeep: to start svscan on $(SERVICE) now and at boot:'
	@echo '    systemd:  systemctl daemon-reload && systemctl enable --now upkeep'
	@echo '    OpenRC:   $(if $(filter /etc,$(SYSCONFDIR)),,ln -s $(SYSCONFDIR)/init.d/upkeep /etc/init.d/ && )rc-update add upkeep && rc-service upkeep start'
	@echo '    inittab:  mkdir -p $(SERVICE); cat $(PREFIX:/=)/share/upkeep/inittab >>/etc/inittab; telinit q'
	@echo 'upkeep: and then, for a first service:  svctl new NAME --user USER --log -- COMMAND...'

.PHONY: programs next demo test check counts bench install
