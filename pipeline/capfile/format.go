package capfile

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Format is a format of capture files.
type Format uint8

// Formats.
const (
	Pcap Format = iota
	Pcapng
)

// FormatOf returns the format that a file's name asks for: Pcapng if it ends in
// .pcapng or .ntar, else Pcap.
func FormatOf(path string) Format {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".pcapng", ".ntar":
		return Pcapng
	}
	return Pcap
}

// String returns "pcap" or "pcapng".
func (f Format) String() string {
	switch f {
	case Pcap:
		return "pcap"
	case Pcapng:
		return "pcapng"
	}
	return fmt.Sprintf("format(%d)", uint8(f))
}

// UnmarshalText sets f from what String returns.
func (f *Format) UnmarshalText(text []byte) error {
	switch string(text) {
	case "pcap":
		*f = Pcap
	case "pcapng":
		*f = Pcapng
	default:
		return fmt.Errorf("%q is not a capture format; write pcap or pcapng", text)
	}
	return nil
}
