# The services that the README's first lines show.
make() {
    folder=/service/.$1
    mkdir -p "$folder"
    printf '#!/bin/sh\n%s\n' "$2" >"$folder/run"
    chmod +x "$folder/run"
    [ -z "$3" ] || echo "$3" >"$folder/user"
}
place() {
    for name; do mv "/service/.$name" "/service/$name"; done
}
make backup 'exec sleep 1000' bob
touch /service/.backup/down
make mail 'exec sleep 1000' bbo
make shop 'exec python3 -m http.server --bind 127.0.0.1 8000' bob
printf '#!/bin/sh\nexec curl --silent --fail --output /dev/null http://127.0.0.1:8000/\n' >/service/.shop/check
chmod +x /service/.shop/check
make tornado@ 'exec python3 -m http.server --bind 127.0.0.1 "$1"' bob
place backup mail shop tornado@
mkdir /service/.tornado@6001 /service/.tornado@6002
place tornado@6001 tornado@6002
svctl start shop 'tornado@*'
