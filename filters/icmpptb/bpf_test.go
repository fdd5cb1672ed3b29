package icmpptb_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"golang.org/x/net/bpf"

	"github.com/pmtud/pmtud/filters/icmpptb"
	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/canary"
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

// TestProgramForCanaries lets broadcast canaries through to a daemon that wants to hear them, and no other
// frames to all hosts. What is sent to this host alone passes as it does without.
func TestProgramForCanaries(t *testing.T) {
	m := canary.Message{Name: "web2", Interval: time.Second}
	frame := func(ip []byte, etherType uint16) []byte {
		header := append(bytes.Repeat([]byte{0xff}, 6), 2, 0, 0, 0, 0, 1)
		return append(binary.BigEndian.AppendUint16(header, etherType), ip...)
	}
	v4, v6 := frame(m.IPv4(), linklayer.EtherTypeIPv4), frame(m.IPv6(), linklayer.EtherTypeIPv6)
	all := [6]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	flip := func(frame []byte, at int) []byte {
		frame = slices.Clone(frame)
		frame[at] ^= 1
		return frame
	}
	for _, tc := range []struct {
		name  string
		frame []byte
		want  int // accepted for a daemon that hears canaries; without none of a broadcast is
	}{
		{"IPv4", v4, 100},
		{"IPv6", v6, 100},
		{"IPv4, another EtherType", flip(v4, 13), 0},
		{"IPv4, another protocol", flip(v4, 14+9), 0},
		{"IPv4, longer header", flip(v4, 14), 0},
		{"IPv4, another ICMP type", flip(v4, 34), 0},
		{"IPv4, another ICMP code", flip(v4, 35), 0},
		{"IPv4, an MTU", flip(v4, 40), 0},
		{"IPv4, an odd MTU", flip(v4, 41), 0},
		{"IPv4, quotes another protocol", flip(v4, 42+9), 0},
		{"IPv4, first byte of the magic", flip(v4, 62), 0},
		{"IPv4, fourth byte of the magic", flip(v4, 65), 0},
		{"IPv4, cut", v4[:65], 0},
		{"IPv6, another next header", flip(v6, 14+6), 0},
		{"IPv6, another ICMP type", flip(v6, 54), 0},
		{"IPv6, another ICMP code", flip(v6, 55), 0},
		{"IPv6, a large MTU", flip(v6, 58), 0},
		{"IPv6, an odd MTU", flip(v6, 61), 0},
		{"IPv6, quotes another protocol", flip(v6, 62+6), 0},
		{"IPv6, first byte of the magic", flip(v6, 102), 0},
		{"IPv6, fourth byte of the magic", flip(v6, 105), 0},
		{"IPv6, cut", v6[:105], 0},
		{"a copy", pipelinetest.PTB{DstMAC: all}.Frame(), 0},
		{"a copy, IPv6", pipelinetest.PTB{DstMAC: all, Router: router6}.Frame(), 0},
		{"ARP", frame(make([]byte, 46), 0x0806), 0},
		{"empty", frame(nil, 0x0806), 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, canaries := range []bool{false, true} {
				stage, err := icmpptb.Plugin().Build(icmpptb.Plugin().NewSettings(), pipeline.Env{Canaries: canaries})
				if err != nil {
					t.Fatal(err)
				}
				vm, err := bpf.NewVM(stage.(pipeline.KernelFilter).KernelFilter(linklayer.Ethernet, 100))
				if err != nil {
					t.Fatal(err)
				}
				want := tc.want
				if !canaries {
					want = 0
				}
				if got, err := vm.Run(tc.frame); got != want || err != nil {
					t.Errorf("canaries %v: %d bytes accepted (%v), want %d", canaries, got, err, want)
				}
				if got, err := vm.Run(pipelinetest.PTB{}.Frame()); got != 100 || err != nil {
					t.Errorf("canaries %v: %d bytes of a message to this host accepted (%v)", canaries, got, err)
				}
			}
		})
	}
}

// TestProgramOfRawIP does so with packets without a link-layer header, of which none is a
// broadcast.
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
			for _, canaries := range []bool{false, true} {
				stage, err := icmpptb.Plugin().Build(icmpptb.Plugin().NewSettings(), pipeline.Env{Canaries: canaries})
				if err != nil {
					t.Fatal(err)
				}
				vm, err := bpf.NewVM(stage.(pipeline.KernelFilter).KernelFilter(linklayer.Raw, 100))
				if err != nil {
					t.Fatal(err)
				}
				if got, err := vm.Run(packet); got != tc.want || err != nil {
					t.Errorf("canaries %v: %d bytes accepted (%v), want %d", canaries, got, err, tc.want)
				}
			}
		})
	}
}
