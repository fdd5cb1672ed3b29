package capfile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
)

// Commands that make captures of what is none.
const (
	convert    = "convert it with: editcap -F pcapng %s new.pcapng"
	convertHex = "convert it with: text2pcap -n %s new.pcapng"
)

// foreignFormats are formats that captures come in and that are not read here, with
// what they begin with and what to do. A %s stands for the file.
var foreignFormats = []struct{ magic, what, todo string }{
	{"snoop\x00\x00\x00", "a snoop capture", convert},
	{"btsnoop\x00", "a btsnoop capture", convert},
	{"RTSS", "a Network Monitor 1 capture", convert},
	{"GMBU", "a Network Monitor 2 capture", convert},
	{"iptrace ", "an AIX iptrace capture", convert},
	{"TRSNIFF data", "a Sniffer capture", convert},
	{"XCP\x00", "a NetXRay or Sniffer capture", convert},
	{"VL\x00\x00", "a NetXRay capture", convert},
	{"ObserverPktBuffer", "a Network Instruments Observer capture", convert},
	{"\x05VNF", "a Visual Networks capture", convert},
	{"\x7fver", "an OmniPeek capture", convert},
	{"EyeSDN", "an EyeSDN capture", convert},
	{"\xaa\xaa\xaa\xaa", "an Accellent 5Views capture", convert},
	{"\x00\x00\x02\x00\x12\x05\x00\x10", "a Tektronix K12 capture", convert},
	{"\xa1\xb2\xcd\x34", `a pcap capture of the "modified" variant`, convert},
	{"\x34\xcd\xb2\xa1", `a pcap capture of the "modified" variant`, convert},
	{"\x1c\x00\x01\xab", "an Ixia capture", convert},
	{"\xab\x01\x00\x1c", "an Ixia capture", convert},
	{"\x1c\x00\x01\xac", "an Ixia capture", convert},
	{"\xac\x01\x00\x1c", "an Ixia capture", convert},

	{"\xfd7zXZ\x00", "compressed with xz", "decompress it first: xz -dk %s"},
	{"\x5d\x00\x00", "compressed with lzma", "decompress it first: xz -dk %s"},
	{"BZh", "compressed with bzip2", "decompress it first: bzip2 -dk %s"},
	{"\x04\x22\x4d\x18", "compressed with lz4", "decompress it first: lz4 -dk %s"},
	{"\x02\x21\x4c\x18", "compressed with lz4", "decompress it first: lz4 -dk %s"},
	{"LZIP", "compressed with lzip", "decompress it first: lzip -dk %s"},
	{"\x89LZO\x00", "compressed with lzop", "decompress it first: lzop -d %s"},
	{"\x1f\x9d", "compressed with compress", "decompress it first: gzip -dk %s"},
	{"\x1f\x8b", "compressed twice with gzip", "decompress it once: gzip -dk %s"},
	{"\x28\xb5\x2f\xfd", "compressed twice with zstd", "decompress it once: zstd -dk %s"},
	{"\xff\x06\x00\x00sNaPpY", "compressed with snappy", "decompress it first: snzip -dk %s"},
	{"PK\x03\x04", "a zip archive", "unpack it first: unzip %s"},
	{"7z\xbc\xaf\x27\x1c", "a 7z archive", "unpack it first: 7z x %s"},
	{"Rar!\x1a\x07", "a RAR archive", "unpack it first: unrar x %s"},

	{"version https://git-lfs", "a Git LFS pointer", "get the file itself: git lfs pull --include %s"},
	{"<", "a web page or XML", "download the capture itself"},
	{"{", "JSON", "write the capture with: tcpdump -w"},
	{"0000", "a hex dump", convertHex},
	{"+---------+", "a K12 text capture", convert},
}

// foreign returns the error for a file that is neither pcap nor pcapng: what it is,
// by at least magicLen bytes of its beginning, and what makes a capture of it.
func foreign(head []byte, name string) error {
	for _, f := range foreignFormats {
		if bytes.HasPrefix(head, []byte(f.magic)) {
			return foreignError(f.what, f.todo, name)
		}
	}
	switch {
	case isTar(head):
		return foreignError("a tar archive", "unpack it first: tar -xf %s", name)
	case isERF(head):
		return foreignError("probably an ERF capture", convert, name)
	case isText(head):
		return foreignError("text", "write the capture with: tcpdump -w", name)
	}
	return fmt.Errorf("neither a pcap nor a pcapng file: it begins with % x", head[:magicLen])
}

func foreignError(what, todo, name string) error {
	if strings.Contains(todo, "%s") {
		todo = fmt.Sprintf(todo, shellWord(name))
	}
	return fmt.Errorf("neither a pcap nor a pcapng file, but %s; %s", what, todo)
}

// shellWord quotes a file's name for a shell where it has to be. What is no file is
// FILE.
func shellWord(name string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./+=@%:,"
	switch {
	case name == defaultName || name == displayName(Stdin):
		return "FILE"
	case strings.Trim(name, plain) != "" || strings.HasPrefix(name, "-"):
		return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
	}
	return name
}

func isTar(head []byte) bool {
	const at = 257 // of the header's field magic (POSIX, pax)
	return len(head) > at && bytes.HasPrefix(head[at:], []byte("ustar"))
}

// isERF guesses by the first record's header (Endace, ERF Types Reference Guide): a
// time stamp of this century, a known type, and lengths that can be.
func isERF(head []byte) bool {
	const headerLen, maxType, newest = 16, 48, 4e9
	if len(head) < headerLen {
		return false
	}
	seconds := binary.LittleEndian.Uint32(head[4:])
	kind := head[8] & 0x7f
	record, wire := binary.BigEndian.Uint16(head[10:]), binary.BigEndian.Uint16(head[14:])
	return seconds > 946_684_800 && seconds < newest && kind > 0 && kind <= maxType && record >= headerLen && wire > 0 && wire <= 1<<14
}

// isText reports whether a file begins with printable ASCII.
func isText(head []byte) bool {
	const enough = 16
	for _, c := range head[:min(len(head), enough)] {
		if c >= 0x7f || c < ' ' && c != '\n' && c != '\r' && c != '\t' {
			return false
		}
	}
	return true
}
