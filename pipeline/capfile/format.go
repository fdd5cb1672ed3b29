package capfile

import (
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"github.com/pmtud/pmtud/pipeline"
)

// Format is a format of capture files.
type Format uint8

// Formats.
const (
	Pcap Format = iota
	Pcapng
)

// FormatOf returns the format that a file's name asks for: Pcapng if it ends in
// .pcapng or .ntar, before .gz or .zst if that is there, else Pcap.
func FormatOf(path string) Format {
	switch strings.ToLower(filepath.Ext(withoutCompression(path))) {
	case ".pcapng", ".ntar":
		return Pcapng
	}
	return Pcap
}

// Clamp returns the time stamp that files of the format can express which is next to
// t: none is before 1970, and of pcap none after 2106.
func (f Format) Clamp(t pipeline.Instant) pipeline.Instant {
	latest := pipeline.Instant(math.MaxInt64)
	if f == Pcap {
		latest = (math.MaxUint32+1)*1e9 - 1
	}
	return min(max(t, 0), latest)
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
