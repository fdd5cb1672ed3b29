package nflog

import (
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// TestExplain has the errors that go-nflog gives, of which most are text alone.
func TestExplain(t *testing.T) {
	const group = 65000 // nobody has it
	const noModule = "bind group 65000: the kernel has no nfnetlink_log; load it with modprobe nfnetlink_log: "
	text := func(format string, errno unix.Errno) error { return fmt.Errorf(format, errno.Error()) } //nolint:err113 // as it comes
	for _, tc := range []struct {
		name  string
		err   error
		want  string
		cause unix.Errno
	}{
		{"taken", text("failed to bind to requested group: %s", unix.EPERM), "bind group 65000: in use by another socket: device or resource busy", unix.EBUSY},
		{"taken, as newer kernels say", text("failed to bind to requested group: %s", unix.EBUSY), "bind group 65000: in use by another socket: device or resource busy", unix.EBUSY},
		{"there already", text("failed to bind to requested group: %s", unix.EEXIST), "bind group 65000: in use by another socket: device or resource busy", unix.EBUSY},
		{"no group of the kernel's", text("failed to bind to requested group: %s", unix.EINVAL), noModule + "failed to bind to requested group: invalid argument", 0},
		{"no rights", text("failed to unbind: %s", unix.EPERM), "bind group 65000: the capability CAP_NET_ADMIN is missing: operation not permitted", unix.EPERM},
		{"no module", text("failed to unbind: %s", unix.EINVAL), noModule + "failed to unbind: invalid argument", 0},
		{"no netfilter", fmt.Errorf("socket: %w", unix.EPROTONOSUPPORT), noModule + "socket: protocol not supported", unix.EPROTONOSUPPORT},
		{"no netlink", fmt.Errorf("socket: %w", unix.EAFNOSUPPORT), noModule + "socket: address family not supported by protocol", unix.EAFNOSUPPORT},
		{"busy elsewhere", text("failed to unbind: %s", unix.EBUSY), "bind group 65000: failed to unbind: device or resource busy", 0},
		{"no error of the system", errors.New("received more than one message from the kernel"), "bind group 65000: received more than one message from the kernel", 0},
		{"something else", fmt.Errorf("socket: %w", unix.EMFILE), "bind group 65000: socket: too many open files", unix.EMFILE},
	} {
		t.Run(tc.name, func(t *testing.T) {
			err := explain(group, tc.err)
			if err.Error() != tc.want || tc.cause != 0 && !errors.Is(err, tc.cause) {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
		})
	}
}

// TestNextMessage has messages of the least length, and such as can't be.
func TestNextMessage(t *testing.T) {
	least := message(typePacket, nil)
	claims := func(n byte) []byte {
		b := append([]byte(nil), least...)
		b[0] = n // in the byte order of most hosts
		return b
	}
	for _, tc := range []struct {
		name      string
		datagram  []byte
		msg, rest int // -1: none
	}{
		{"a header", least, headerLen, 0},
		{"two headers", append(append([]byte(nil), least...), least...), headerLen, headerLen},
		{"a part of a header", least[:headerLen-1], -1, 0},
		{"shorter than its header", claims(headerLen - 1), -1, 0},
		{"longer than it is", claims(headerLen + 1), -1, 0},
		{"padding that is cut", append(claims(headerLen+1), 1), headerLen + 1, 0},
		{"padding", append(claims(headerLen+1), 1, 0, 0, 0, 7), headerLen + 1, 1},
	} {
		kind, msg, rest := nextMessage(tc.datagram)
		if tc.msg < 0 {
			if msg != nil {
				t.Errorf("%s: a message of %d bytes", tc.name, len(msg))
			}
			continue
		}
		if kind != typePacket || len(msg) != tc.msg || len(rest) != tc.rest {
			t.Errorf("%s: type %d, %d bytes and %d behind them, want %d and %d", tc.name, kind, len(msg), len(rest), tc.msg, tc.rest)
		}
	}
}

// TestReshape cuts packets as the kernel would have: behind the snaplen, from the IP header on.
func TestReshape(t *testing.T) {
	frame := pipelinetest.PTB{}.Frame()
	noIP := append(append([]byte(nil), frame[:12]...), make([]byte, 120)...)
	for _, tc := range []struct {
		name    string
		data    []byte
		link    linklayer.Type
		snaplen int
		want    int
	}{
		{"Ethernet", frame, linklayer.Ethernet, 64, 14 + 64},
		{"Ethernet, as long as that", frame, linklayer.Ethernet, len(frame) - 14, len(frame)},
		{"Ethernet, a byte longer", frame, linklayer.Ethernet, len(frame) - 15, len(frame) - 1},
		{"Ethernet, shorter", frame, linklayer.Ethernet, 2048, len(frame)},
		{"no link layer", frame[14:], linklayer.Raw, 64, 64},
		{"no IP packet", noIP, linklayer.Ethernet, 64, 14 + 64},
		{"a link layer that is not decoded", noIP, 9999, 64, 64},
	} {
		p := pipeline.Packet{Data: tc.data, Length: len(tc.data), LinkType: tc.link}
		if absent := (&Settings{Snaplen: tc.snaplen}).reshape(&p); absent != "" || len(p.Data) != tc.want || p.Length != len(tc.data) {
			t.Errorf("%s: %d of %d bytes, want %d; absent %q", tc.name, len(p.Data), p.Length, tc.want, absent)
		}
	}
}

// TestNoLossIsNotTold reports when nothing was lost since.
func TestNoLossIsNotTold(t *testing.T) {
	var out pipelinetest.Buffer
	l := loss{log: slog.New(slog.NewTextHandler(&out, nil))}
	now := time.Unix(1_000_000_000, 0)
	l.report(now)
	l.overrun()
	l.report(now)
	if out.Take() == "" {
		t.Error("a loss is not told")
	}
	l.report(now.Add(quietTime))
	l.end()
	if text := out.String(); text != "" {
		t.Errorf("told though nothing was lost:\n%s", text)
	}
}
