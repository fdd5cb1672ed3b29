package icmpptb_test

import (
	"slices"
	"testing"

	"golang.org/x/net/bpf"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// TestProgram runs the kernel's program over frames that differ in one place from
// those that it accepts.
func TestProgram(t *testing.T) {
	const snaplen = 100
	mac := func(bytes ...byte) [6]byte { return [6]byte(bytes) }
	set := func(at int, bytes ...byte) func(frame []byte) []byte {
		return func(frame []byte) []byte { copy(frame[at:], bytes); return frame }
	}
	cut := func(n int) func([]byte) []byte { return func(frame []byte) []byte { return frame[:n] } }
	// Options of eight bytes, the last four of which look like an ICMP header of
	// another type where a header of 20 bytes would end.
	options := func(frame []byte) []byte {
		frame[14] = 0x47
		return slices.Insert(frame, 34, 8, 0, 1, 1, 1, 1, 1, 0)
	}
	v4, v6 := pipelinetest.PTB{}, pipelinetest.PTB{Router: router6}
	for _, tc := range []struct {
		name    string
		message pipelinetest.PTB
		change  func([]byte) []byte
		want    int
	}{
		{"IPv4", v4, nil, snaplen},
		{"IPv6", v6, nil, snaplen},
		{"to all hosts", pipelinetest.PTB{DstMAC: mac(0xff, 0xff, 0xff, 0xff, 0xff, 0xff)}, nil, 0},
		{"to all hosts, IPv6", pipelinetest.PTB{Router: router6, DstMAC: mac(0xff, 0xff, 0xff, 0xff, 0xff, 0xff)}, nil, 0},
		{"to one host, which has all bits but the group's", pipelinetest.PTB{DstMAC: mac(0xfe, 0xff, 0xff, 0xff, 0xff, 0xff)}, nil, snaplen},
		{"to a group", pipelinetest.PTB{DstMAC: mac(0xff, 0xff, 0xff, 0xff, 0xff, 0xfe)}, nil, 0},
		{"to a group of IPv4", pipelinetest.PTB{DstMAC: mac(1, 0, 0x5e, 0, 0, 1)}, nil, 0},
		{"to a group, IPv6", pipelinetest.PTB{Router: router6, DstMAC: mac(0x33, 0x33, 0, 0, 0, 1)}, nil, 0},
		{"another EtherType", v4, set(12, 0x08, 0x06), 0},
		{"another ICMP type", v4, set(34, 11), 0},
		{"another ICMP code", v4, set(35, 3), 0},
		{"another protocol", v4, set(23, 6), 0},
		{"IPv4, first fragment", v4, set(20, 0x20, 0), snaplen},
		{"IPv4, don't fragment", v4, set(20, 0x40, 0), snaplen},
		{"IPv4, fragment at the lowest offset", v4, set(20, 0, 1), 0},
		{"IPv4, fragment at the highest bit of an offset", v4, set(20, 0x10, 0), 0},
		{"IPv4, last fragment", v4, set(20, 0x1f, 0xff), 0},
		{"IPv4, options", v4, options, snaplen},
		{"IPv4, cut behind the ICMP code", v4, cut(36), snaplen},
		{"IPv4, cut before the ICMP code", v4, cut(35), 0},
		{"another ICMPv6 type", v6, set(54, 1), 0},
		{"another ICMPv6 code", v6, set(55, 1), 0},
		{"another next header", v6, set(20, 6), 0},
		{"IPv6, cut behind the ICMP code", v6, cut(56), snaplen},
		{"IPv6, cut before the ICMP code", v6, cut(55), 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			frame := tc.message.Frame()
			if tc.change != nil {
				frame = tc.change(frame)
			}
			program := build(t).(pipeline.KernelFilter).KernelFilter(linklayer.Ethernet, snaplen)
			vm, err := bpf.NewVM(program)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := vm.Run(frame); got != tc.want || err != nil {
				t.Errorf("%d bytes accepted (%v), want %d", got, err, tc.want)
			}
		})
	}
}

// TestProgramOfRawIP does so with packets without a link-layer header.
func TestProgramOfRawIP(t *testing.T) {
	for _, tc := range []struct {
		name    string
		message pipelinetest.PTB
		first   byte
		want    int
	}{
		{"IPv4", pipelinetest.PTB{}, 0x45, 100},
		{"IPv4, another version", pipelinetest.PTB{}, 0x55, 0},
		{"IPv4, as IPv6", pipelinetest.PTB{}, 0x65, 0},
		{"IPv6", pipelinetest.PTB{Router: router6}, 0x60, 100},
		{"IPv6, traffic class", pipelinetest.PTB{Router: router6}, 0x6f, 100},
		{"IPv6, as IPv4", pipelinetest.PTB{Router: router6}, 0x45, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			packet := tc.message.Frame()[14:]
			packet[0] = tc.first
			vm, err := bpf.NewVM(build(t).(pipeline.KernelFilter).KernelFilter(linklayer.Raw, 100))
			if err != nil {
				t.Fatal(err)
			}
			if got, err := vm.Run(packet); got != tc.want || err != nil {
				t.Errorf("%d bytes accepted (%v), want %d", got, err, tc.want)
			}
		})
	}
}
