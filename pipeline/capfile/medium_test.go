package capfile_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// The frame check sequence is not a part of what a host captures.
func TestReadFCS(t *testing.T) {
	for name, o := range orders() {
		pcap := func(link, captured, length uint32) []byte {
			header := pcapHeader(o, 0xa1b2c3d4)
			o.PutUint32(header[20:], link)
			return join(header, fields(o, uint64(0), captured, length, make([]byte, captured)))
		}
		pcapng := func(interfaceFCS, flagsFCS uint8, captured int, length uint32) []byte {
			return join(section(o), iface(o, 1, 0, option(o, 13, interfaceFCS)),
				enhanced(o, 0, 0, length, string(make([]byte, captured)), option(o, 2, uint32(flagsFCS)<<5)))
		}
		for _, tc := range []struct {
			name         string
			file         []byte
			data, length int
		}{
			{"pcap, four bytes", pcap(0x24000001, 64, 64), 60, 60},
			{"pcap, two bytes", pcap(0x14000001, 64, 64), 62, 62},
			{"pcap, not known", pcap(0x20000001, 64, 64), 64, 64},
			{"pcap, cut within it", pcap(0x24000001, 62, 64), 60, 60},
			{"pcap, cut before it", pcap(0x24000001, 20, 64), 20, 60},
			{"pcap, nothing but it", pcap(0x24000001, 4, 4), 0, 0},
			{"pcap, packet shorter than it", pcap(0x24000001, 3, 3), 3, 3},
			{"pcapng, of the interface", pcapng(4, 0, 64, 64), 60, 60},
			{"pcapng, of the packet", pcapng(0, 4, 64, 64), 60, 60},
			{"pcapng, the packet's instead of the interface's", pcapng(4, 2, 64, 64), 62, 62},
			{"pcapng, an odd one", pcapng(0, 5, 64, 64), 59, 59},
			{"pcapng, the longest", pcapng(0, 15, 64, 64), 49, 49},
			{"pcapng, none", pcapng(0, 0, 64, 64), 64, 64},
			{"pcapng, cut", pcapng(4, 0, 20, 64), 20, 60},
			{
				"simple packet",
				join(section(o), iface(o, 1, 0, option(o, 13, uint8(4))), block(o, 3, uint32(64), make([]byte, 64))), 60, 60,
			},
		} {
			t.Run(name+" "+tc.name, func(t *testing.T) {
				got := mustRead(t, tc.file)[0]
				if len(got.Data) != tc.data || got.Length != tc.length {
					t.Errorf("%d of %d bytes, want %d of %d", len(got.Data), got.Length, tc.data, tc.length)
				}
			})
		}
	}
}

// Cooked headers tell to whom the link layer sent a packet, whatever the flags say.
func TestReadCookedType(t *testing.T) {
	sll := "\x00\x04\x00\x01\x00\x06" + string(make([]byte, 10))
	sll2 := "\x08\x00\x00\x00\x00\x00\x00\x02\x00\x01\x04" + string(make([]byte, 9))
	for name, o := range orders() {
		t.Run(name, func(t *testing.T) {
			header := pcapHeader(o, 0xa1b2c3d4)
			o.PutUint32(header[20:], 113)
			got := mustRead(t, join(header, record(o, 0, 0, 0, sll)))
			got = append(got, mustRead(t, join(section(o), iface(o, 276, 0), enhanced(o, 0, 0, 0, sll2, option(o, 2, uint32(1)))))...)
			for _, p := range got {
				if p.Type != linklayer.TypeOutgoing {
					t.Errorf("link type %v: type %d", p.Link, p.Type)
				}
			}
		})
	}
}

// nflog returns a message of the kernel's packet log about an Ethernet frame that
// came in.
func nflog(o order, family uint8, frame []byte) []byte {
	attribute := func(kind uint16, value []byte) []byte {
		return append(fields(o, uint16(len(value)+4), kind, value), make([]byte, -len(value)&3)...)
	}
	return join([]byte{family, 0, 0, 33},
		attribute(1, []byte{frame[12], frame[13], 1, 0}), // packet header, hook 1
		attribute(15, []byte{0, 1}),                      // hardware type
		attribute(16, frame[:14]),                        // hardware header
		attribute(9, frame[14:]))                         // payload
}

// Messages of the kernel's packet log become the packets that the source nflog would
// deliver of them.
func TestReadNFLOG(t *testing.T) {
	ptb := pipelinetest.PTB{}.Frame()
	toAll := append(bytes.Repeat([]byte{0xff}, 6), ptb[6:]...)
	ip := string(ptb[14:])
	for name, o := range orders() {
		whole := nflog(o, 2, ptb)
		bare := join([]byte{2, 0, 0, 33}, fields(o, uint16(4+len(ip)), uint16(9), ip))
		sent := join([]byte{2, 0, 0, 33}, fields(o, uint16(8), uint16(1), []byte{8, 0, 3, 0}), fields(o, uint16(4+len(ip)), uint16(9), ip))
		n := len(ptb)
		for _, tc := range []struct {
			name   string
			data   []byte
			length int
			want   captured
			warned bool
			flags  uint32
		}{
			{"with link header", whole, 0, captured{string(ptb), n, 9, linklayer.Ethernet, linklayer.TypeHost}, false, 0},
			{"to all", nflog(o, 2, toAll), 0, captured{string(toAll), n, 9, linklayer.Ethernet, linklayer.TypeBroadcast}, false, 0},
			{"payload only", bare, 0, captured{ip, n - 14, 9, linklayer.Raw, linklayer.TypeUnknown}, false, 0},
			{"payload only, with flags", bare, 0, captured{ip, n - 14, 9, linklayer.Raw, linklayer.TypeHost}, false, 1 << 2},
			{"sent", sent, 0, captured{ip, n - 14, 9, linklayer.Raw, linklayer.TypeOutgoing}, false, 0},
			{"sent, with other flags", sent, 0, captured{ip, n - 14, 9, linklayer.Raw, linklayer.TypeOutgoing}, false, 1 << 2},
			{
				"cut", whole[:len(whole)-50], len(whole),
				captured{string(ptb[:n-50]), n, 9, linklayer.Ethernet, linklayer.TypeHost},
				false, 0,
			},
			{"damaged", whole[:len(whole)-50], 0, captured{string(whole[:len(whole)-50]), len(whole) - 50, 9, 239, 0}, true, 0},
			{"empty", nil, 0, captured{"", 0, 9, 239, 0}, true, 0},
		} {
			t.Run(name+" "+tc.name, func(t *testing.T) {
				file := join(section(o), iface(o, 239, 0, option(o, 9, uint8(9))), enhanced(o, 0, 9, uint32(max(tc.length, len(tc.data))), string(tc.data), option(o, 2, tc.flags)))
				got, warnings, err := readWarned(file)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff([]captured{tc.want}, got); diff != "" {
					t.Error(diff)
				}
				if tc.warned != (len(warnings) > 0) {
					t.Errorf("warnings: %q", warnings)
				}
			})
		}
	}
}

func readWarned(file []byte) (packets []captured, warnings []string, err error) {
	packets, err = read(file, capfile.ReaderOptions{Name: "a", Warn: func(w error) { warnings = append(warnings, w.Error()) }})
	return packets, warnings, err
}

// What is odd is told once for each kind.
func TestWarnings(t *testing.T) {
	file := section(le)
	var want []string
	for i := range 20 {
		file = join(file, iface(le, uint16(1000+i), 0))
	}
	file = join(file, iface(le, 1, 0), iface(le, 105, 0), enhanced(le, 20, 1, 1, "a"), enhanced(le, 20, 1, 1, "a"), enhanced(le, 21, 1, 1, "a"), enhanced(le, 21, 1<<62, 1, "a"), enhanced(le, 20, 1<<63, 1, "a"))
	want = append(want,
		"read a: packet 3: link type 105 (IEEE802_11) is not supported, so no message is found in its packets",
		"read a: packet 4: the timestamp is not between the years 1823 and 2116, and is read as 2116-02-20")
	packets, warnings, err := readWarned(file)
	if err != nil || len(packets) != 5 {
		t.Errorf("%d packets, error %v", len(packets), err)
	}
	if diff := cmp.Diff(want, warnings); diff != "" {
		t.Error(diff)
	}
	for i := range 20 {
		file = join(file, enhanced(le, uint32(i), 1, 1, "a"))
	}
	if _, warnings, _ := readWarned(file); len(warnings) != 1+16 {
		t.Errorf("%d warnings of 21 link types and a time", len(warnings))
	}
}

// An impossible time stamp is clamped, and the packets behind it are read.
func TestReadImpossibleTime(t *testing.T) {
	const most = 1 << 62
	resolution := func(v uint8) []byte { return option(le, 9, v) }
	offset := func(seconds int64) []byte { return option(le, 14, uint64(seconds)) }
	for _, tc := range []struct {
		name    string
		options []any
		stamp   uint64
		want    pipeline.Instant
	}{
		{"microseconds", nil, 1 << 63, most},
		{"nanoseconds", []any{resolution(9)}, most + 1, most},
		{"greatest", []any{resolution(9)}, most, most},
		{"seconds", []any{resolution(0x80)}, 1 << 40, most},
		{"late by an offset", []any{offset(1<<63 - 1)}, 1, most},
		{"late by time stamp and offset", []any{resolution(0x80), offset(1<<63 - 1)}, 1<<64 - 1, most},
		{"early by an offset", []any{offset(-1 << 63)}, 0, -most},
		{"latest second", []any{resolution(0x80)}, most/1_000_000_000 - 1, (most/1_000_000_000 - 1) * 1e9},
		{"a second later", []any{resolution(0x80)}, most / 1_000_000_000, most},
		{"earliest second", []any{offset(1 - most/1_000_000_000)}, 0, (1 - most/1_000_000_000) * 1e9},
		{"early by a little", []any{offset(-most / 1_000_000_000)}, 0, -most},
		{"offset that makes up for it", []any{resolution(0x80), offset(-1 << 63)}, 1<<63 + 5, 5e9},
	} {
		t.Run(tc.name, func(t *testing.T) {
			file := join(section(le), iface(le, 1, 0, tc.options...), iface(le, 1, 0),
				enhanced(le, 0, tc.stamp, 1, "a"), enhanced(le, 1, 7, 1, "b"))
			got := mustRead(t, file)
			if len(got) != 2 || got[0].Time != tc.want || got[1].Time != 7000 {
				t.Errorf("got %v, want the time %d, then 7000", got, tc.want)
			}
		})
	}
}
