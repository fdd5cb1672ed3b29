package nflog

import (
	"encoding/binary"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// TestRefusedThreshold has the kernel answer to a change of the threshold. It is said
// once that it stays, and only where it was to change.
func TestRefusedThreshold(t *testing.T) {
	answer := func(errno int32) []byte {
		return message(typeError, binary.NativeEndian.AppendUint32(nil, uint32(-errno)))
	}
	short := answer(1)[:headerLen+errnoLen-1]
	binary.NativeEndian.PutUint32(short, uint32(len(short)))
	const warning = `level=WARN msg="the threshold stays as it is: the kernel refuses to change it" error="operation not permitted"`
	for _, tc := range []struct {
		name     string
		datagram []byte
		fixed    bool // before
		want     bool // afterwards
		warnings int
	}{
		{"no answer", datagram(1), false, false, 0},
		{"a receipt", answer(0), false, false, 0},
		{"a receipt among packets", slices.Concat(datagram(1), answer(0)), false, false, 0},
		{"a refusal", answer(1), false, true, 1},
		{"two refusals", slices.Concat(answer(1), answer(1)), false, true, 1},
		{"a refusal and a receipt", slices.Concat(answer(1), answer(0)), false, true, 1},
		{"a refusal, the threshold is fixed", answer(1), true, true, 0},
		{"an answer that is cut", message(typeError, nil), false, false, 0},
		{"an answer that is cut in its number", short, false, false, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var log pipelinetest.Buffer
			s := newTestSource()
			s.fixed, s.env.Log = tc.fixed, slog.New(slog.NewTextHandler(&log, nil))
			s.receive(tc.datagram, time.Now(), func([]pipeline.Packet) {})
			if s.fixed != tc.want {
				t.Errorf("fixed: %v, want %v", s.fixed, tc.want)
			}
			if n := strings.Count(log.String(), warning); n != tc.warnings || strings.Count(log.String(), "\n") != n {
				t.Errorf("want %d warnings in\n%s", tc.warnings, log.String())
			}
		})
	}
}

var smallSettings = Settings{Group: 33, BufferSize: minNetlinkBuffer, NetlinkBuffer: minNetlinkBuffer, Snaplen: 64}

// TestOpenRefused has the kernel refuse a step of Open. Nothing is left open or bound.
func TestOpenRefused(t *testing.T) {
	netns.Require(t)
	for _, tc := range []struct {
		name     string
		call     uint32
		argument int // the third one
		errno    unix.Errno
		want     string
	}{
		{"no socket", unix.SYS_SOCKET, unix.NETLINK_NETFILTER, unix.EPROTONOSUPPORT, "bind group 33: the kernel has no nfnetlink_log; load it with modprobe nfnetlink_log: socket: protocol not supported"},
		{"no filter, at first", unix.SYS_SETSOCKOPT, unix.SO_ATTACH_FILTER, unix.ENOMEM, "bind group 33: netlink set-bpf: setsockopt: cannot allocate memory"},
		{"the filter stays", unix.SYS_SETSOCKOPT, unix.SO_DETACH_FILTER, unix.ENOMEM, "bind group 33: netlink remove-bpf: setsockopt: cannot allocate memory"},
		{"nothing is sent", unix.SYS_SENDMSG, 0, unix.ENOBUFS, "bind group 33: could not unbind existing handlers from socket: netlink send: sendmsg: no buffer space available"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newSource(smallSettings, pipelinetest.Env(t))
			before := netns.Descriptors(t)
			err := netns.Refuse(tc.call, tc.argument, tc.errno, func() error { return s.Open(t.Context()) })
			if err == nil || err.Error() != tc.want {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
			if after := netns.Descriptors(t); after != before {
				t.Errorf("%d descriptors, %d before", after, before)
			}
			netns.Must(t, s.Close(), s.Open(t.Context()), s.Close())
		})
	}
}

// TestReadFails reads on a thread where the kernel refuses it.
func TestReadFails(t *testing.T) {
	netns.Require(t)
	s := newSource(smallSettings, pipelinetest.Env(t))
	netns.Must(t, s.Open(t.Context()))
	err := netns.Refuse(unix.SYS_READ, datagramLen, unix.EIO, func() error {
		return s.Run(t.Context(), func([]pipeline.Packet) {})
	})
	if !errors.Is(err, unix.EIO) || err.Error() != "read netlink socket: input/output error" {
		t.Errorf("got %v", err)
	}
	netns.Must(t, s.Close())
}

// TestThresholdChanges counts packets of datagrams until the kernel is asked to change the
// threshold, which it refuses here: that is said once, and it is not asked again.
func TestThresholdChanges(t *testing.T) {
	netns.Require(t)
	for _, tc := range []struct {
		name      string
		packets   []int // of each datagram
		threshold Threshold
		asked     bool
	}{
		{"few", []int{busyCount}, Adaptive, false},
		{"one more", []int{busyCount + 1}, Adaptive, true},
		{"few datagrams", []int{busyCount - 1, 1}, Adaptive, false},
		{"one datagram more", []int{busyCount, 1}, Adaptive, true},
		{"a batch and a packet", []int{batchLen + 1}, Adaptive, true},
		{"many, at once and again", []int{2 * batchLen, 2 * batchLen}, Adaptive, true},
		{"the threshold is fixed", []int{2 * batchLen, 2 * batchLen}, 1, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var log pipelinetest.Buffer
			settings := smallSettings
			settings.Threshold = tc.threshold
			s := newSource(settings, pipeline.Env{Log: slog.New(slog.NewTextHandler(&log, nil))}).(*source)
			netns.Must(t, s.Open(t.Context()), netns.Refuse(unix.SYS_SENDMSG, 0, unix.EPERM, func() error {
				for _, n := range tc.packets {
					s.receive(datagram(n), time.Unix(1_000_000_000, 0), func([]pipeline.Packet) {})
				}
				return nil
			}), s.Close())
			const warning = `level=WARN msg="the threshold stays as it is: the kernel refuses to change it" error="netlink send: sendmsg: operation not permitted"`
			if text := log.String(); strings.HasSuffix(text, warning+"\n") != tc.asked || tc.asked != (strings.Count(text, "\n") == 1) {
				t.Errorf("asked: want %v; log:\n%s", tc.asked, text)
			}
		})
	}
}
