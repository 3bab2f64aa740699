# For tests, to be sourced by bash: files of all kinds, and what is to be said of them so that two trees can be compared.

# make_tree FOLDER: fills it.
make_tree() {
  (
    cd "$1"
    mkdir -p home/anna/deep/er "odd names/ä ö" empty
    echo hello >home/anna/letter
    ln home/anna/letter home/anna/deep/same-letter
    ln -s letter home/anna/relative
    ln -s /etc/passwd home/anna/absolute
    ln -s ../../../../../../../../etc home/anna/outwards
    seq 1 60000 >home/anna/numbers
    echo odd >"odd names/ä ö/ -n
line"
    printf 'latin \344' >"odd names/$(printf 'b\344r')"
    mknod null c 1 3
    mkfifo pipe
    truncate -s 6M sparse
    echo end >>sparse
    cp /bin/true able
    chown 1234:4321 home/anna/letter
    chown -h 1234:4321 home/anna/relative
    chmod 4751 able
    chown 7:8 able
    chmod 4751 able
    setcap cap_net_raw=ep able
    chmod 3770 empty
    setfattr -n user.colour -v blue home/anna/numbers
    setfattr -n trusted.secret -v 0x00ff home/anna
    setfacl -m u:77:rw home/anna/numbers
    setfacl -d -m g:88:rx home/anna
    touch -d '2001-02-03 04:05:06.123456789' home/anna/letter
    touch -h -d '1999-12-31 23:59:59.987654321' home/anna/relative
    touch -d '2010-10-10 10:10:10.101010101' home/anna home
  )
}

# The names under which xfs keeps access lists itself are left out.
# manifest FOLDER: kind, mode, owner, time, number of names, target and size of each entry, what its attributes are and what it holds.
manifest() {
  (
    cd "$1"
    find . \( -type d -printf '%p %y %m %U:%G %T@\n' \) -o \( -type l -printf '%p %y %U:%G %T@ %l\n' \) -o \
      -printf '%p %y %m %U:%G %T@ %n %s\n' | LC_ALL=C sort
    find . -type f -links +1 -printf '%i %p\n' | LC_ALL=C sort -k2 | awk '{ if (!($1 in n)) n[$1] = $2; print "same", n[$1], $2 }'
    getfattr -R -P -d -m - -e hex . 2>/dev/null | { grep -v '^trusted.SGI_ACL' || true; } | awk '/^# file: / { file = $0; next } NF { print file, $0 }' | LC_ALL=C sort
    find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
  )
}
