#!/bin/sh
# libraries.sh FOLDER lays into a folder what the program needs of this Debian, to be the root of an image: libvips with
# the libraries that it loads, its module for AVIF and HEIC and none of the others, letters, the authorities that https
# trusts; and of each package that something was taken from its licence and its entry in Debian's list, by which scanners
# know what is in an image that has no package manager.
set -eu

image=$1
vips=$(ldconfig -p | sed -n 's/.*libvips\.so\.42 .*=> //p' | head -1)
heif=$(ls "$(dirname "$vips")"/vips-modules-*/vips-heif.so)
mkdir -p "$image/etc" "$image/tmp" "$image/var/lib/dpkg/status.d"
chmod 1777 "$image/tmp"
for folder in lib lib64; do # where these are links they are in the image, too, so that each file has one place
	if [ -L "/$folder" ]; then mkdir -p "$image/usr/$folder"; ln -s "usr/$folder" "$image/$folder"; fi
done

# take lays one file where it is found, and behind a link what it points to.
take() {
	mkdir -p "$image$(dirname "$1")"
	cp -a "$1" "$image$1"
	if [ -L "$1" ]; then take "$(readlink -f "$1")"; fi
}

ldd "$vips" "$heif" | sed -n -e 's/.*=> \(\/[^ ]*\) .*/\1/p' -e 's/^\t\(\/[^ ]*\) (.*/\1/p' | sort -u >/tmp/files
printf '%s\n' "$vips" "$heif" >>/tmp/files
for name in libm.so.6 libnss_files.so.2 libnss_dns.so.2 libresolv.so.2; do
	ldconfig -p | sed -n "s/.*[[:space:]]$name .*=> //p" | head -1 >>/tmp/files
done
for file in $(sort -u /tmp/files); do
	[ -e "$image$file" ] || take "$file"
	found=$(readlink -f "$file")
	dpkg -S "$found" 2>/dev/null || dpkg -S "${found#/usr}" # where /lib is a link, the list knows either name
done | sed 's/:.*//' | sort -u >/tmp/packages
printf '%s\n' ca-certificates fontconfig-config fonts-dejavu-core >>/tmp/packages

fc-cache -s
for folder in /etc/fonts /usr/share/fontconfig /usr/share/fonts/truetype/dejavu /var/cache/fontconfig; do
	mkdir -p "$image$(dirname "$folder")"
	cp -a "$folder" "$image$(dirname "$folder")/"
done
take /etc/ssl/certs/ca-certificates.crt
take /etc/os-release
echo 'teamspro:x:65532:65532:teamspro:/data:/nonexistent' >"$image/etc/passwd"
echo 'teamspro:x:65532:' >"$image/etc/group"
echo 'hosts: files dns' >"$image/etc/nsswitch.conf"
for package in $(cat /tmp/packages); do
	mkdir -p "$image/usr/share/doc/$package"
	cp -L "/usr/share/doc/$package/copyright" "$image/usr/share/doc/$package/"
	dpkg-query -s "$package" >"$image/var/lib/dpkg/status.d/$package"
done
