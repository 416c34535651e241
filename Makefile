# make          every program, in target/dist/
# make demo     svscan on a copy of services.example/
# make test     all tests
# make check    format and clippy, warnings as errors
# make install  into $(DESTDIR)$(PREFIX)

PREFIX = /usr/local
DESTDIR =
CARGO = cargo
DIST = target/dist

# Programs that look up no account are static; those that do need the C library that knows LDAP and its like.
STATIC = svscan supervise svc svok svstat svup
DYNAMIC = runas setuidgid envuidgid

HOST := $(shell rustc -vV | sed -n 's/^host: //p')
MUSL := $(subst -gnu,-musl,$(HOST))
GNU_STATIC = --config 'target.$(HOST).rustflags=["-Ctarget-feature=+crt-static","-Crelocation-model=static"]'

programs:
	@mkdir -p $(DIST)
	@if [ -d "$$(rustc --print sysroot)/lib/rustlib/$(MUSL)" ] || rustup target add $(MUSL) >/dev/null 2>&1; then \
		echo $(CARGO) build --release --target $(MUSL) $(STATIC:%=--bin %); \
		$(CARGO) build --release --locked --target $(MUSL) $(STATIC:%=--bin %) && \
		cd target/$(MUSL)/release && cp -f $(STATIC) $(CURDIR)/$(DIST)/; \
	else \
		echo 'upkeep: no musl target here: the static programs are linked with glibc, and are larger'; \
		$(CARGO) build --release --locked --target-dir target/static --target $(HOST) $(GNU_STATIC) $(STATIC:%=--bin %) && \
		cd target/static/$(HOST)/release && cp -f $(STATIC) $(CURDIR)/$(DIST)/; \
	fi
	$(CARGO) build --release --locked --target $(HOST) $(DYNAMIC:%=--bin %)
	@cd target/$(HOST)/release && cp -f $(DYNAMIC) $(CURDIR)/$(DIST)/

demo: programs
	@./services.example/demo $(DIST)

test: programs
	$(CARGO) test --locked --workspace

check:
	$(CARGO) fmt --all --check
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

install: programs
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man8
	install -m 755 $(STATIC:%=$(DIST)/%) $(DYNAMIC:%=$(DIST)/%) $(DESTDIR)$(PREFIX)/bin
	install -m 644 man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 644 man/*.8 $(DESTDIR)$(PREFIX)/share/man/man8

.PHONY: programs demo test check install
