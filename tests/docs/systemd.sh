# Boots systemd as process 1 of a namespace, on this root folder, as in a container: with an empty /dev, no hardware and its own
# control groups.
cat >/tmp/boot <<'end-of-script'
set -e
mount --make-rprivate /
mount -t proc proc /proc
# The kernel's settings are the whole machine's.
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
mount -t tmpfs -o mode=755 tmpfs /dev
for device in null zero full random urandom tty; do
    touch /dev/$device
    mount --bind /run/devices/$device /dev/$device
done
umount -l /run/devices
mkdir /dev/shm /dev/pts
mount -t devpts -o newinstance,ptmxmode=0666 devpts /dev/pts
ln -s pts/ptmx /dev/ptmx
touch /dev/console
mount --bind /dev/null /dev/console
mount -t sysfs -o ro sysfs /sys
# By their second version alone, or with the name that systemd gives itself in the first.
if ! grep -q name=systemd /proc/self/cgroup; then
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
else
    mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
    mkdir /sys/fs/cgroup/unified /sys/fs/cgroup/systemd
    mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified
    mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
fi
# Of what this machine starts at boot, nothing.
find /etc/systemd/system -mindepth 1 -delete
exec env --ignore-environment container=other /lib/systemd/systemd --system --unit=basic.target
end-of-script
mkdir /run/devices
mount --rbind /dev /run/devices
unshare --pid --fork --kill-child --mount --cgroup -- sh /tmp/boot >/var/log/systemd 2>&1 &
until first=$(pgrep -P $!); do sleep 0.05; done

inside() {
    nsenter --target $first --pid --mount --cgroup --root --wd -- "$@"
}
main() {
    inside systemctl show -p MainPID --value upkeep
}
web() {
    inside svstat /service/web | grep -o 'pid [0-9]*'
}
until inside systemctl is-active --quiet basic.target 2>/dev/null; do sleep 0.05; done
