package gopackets_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
	"github.com/pmtud/pmtud/pipeline/gopackets"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

const capture = "../../testdata/vectors/public.pcap"

// plugin makes a plugin of what opens a reader.
func plugin(open func(context.Context) (gopackets.Handle, error)) pipeline.Plugin {
	return pipeline.NewSource(pipeline.SourcePlugin[struct{}]{
		Type:    "capture",
		Summary: "reads packets by gopacket",
		New:     func(struct{}, pipeline.Env) (pipeline.Source, error) { return gopackets.NewSource(open), nil },
	})
}

// pipe is a capture that grows.
type pipe struct {
	t     *testing.T
	write *os.File
	w     *pcapgo.Writer
}

// open opens a new pipe for reading. The header is in it already.
func (p *pipe) open(context.Context) (h gopackets.Handle, err error) {
	read, write, err := os.Pipe()
	if err != nil {
		return h, err
	}
	p.write, p.w = write, pcapgo.NewWriterNanos(write)
	if err := p.w.WriteFileHeader(1<<16, layers.LinkTypeEthernet); err != nil {
		return h, err
	}
	r, err := pcapgo.NewReader(read)
	return gopackets.Handle{
		Read: r.ZeroCopyReadPacketData, LinkType: linklayer.Type(r.LinkType()),
		Interrupt: func() { _ = read.SetReadDeadline(time.Now()) },
		Close:     func() error { return errors.Join(read.Close(), write.Close()) },
	}, err
}

func (p *pipe) send() {
	frame := pipelinetest.PTB{}.Frame()
	ci := gopacket.CaptureInfo{Timestamp: time.Now(), CaptureLength: len(frame), Length: len(frame)}
	if err := p.w.WritePacket(ci, frame); err != nil {
		p.t.Error(err)
	}
}

func TestSource(t *testing.T) {
	p := &pipe{t: t}
	pipelinetest.TestSource(t, plugin(p.open), nil, p.send)
}

// openFile opens a capture by one of pcapgo's methods.
func openFile(path string, read func(*pcapgo.Reader) (data []byte, ci gopacket.CaptureInfo, err error)) func(context.Context) (gopackets.Handle, error) {
	return func(context.Context) (h gopackets.Handle, err error) {
		f, err := os.Open(path)
		if err != nil {
			return h, err
		}
		r, err := pcapgo.NewReader(f)
		if err != nil {
			return h, errors.Join(err, f.Close())
		}
		r.SetSnaplen(1 << 18)
		return gopackets.Handle{
			Read:     func() ([]byte, gopacket.CaptureInfo, error) { return read(r) },
			LinkType: linklayer.Type(r.LinkType()), Close: f.Close,
		}, nil
	}
}

// run runs a source to its end and returns copies of what it delivers.
func run(t *testing.T, open func(context.Context) (gopackets.Handle, error)) (packets []pipeline.Packet, err error) {
	t.Helper()
	s := gopackets.NewSource(open)
	if err := s.Open(t.Context()); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	err = s.Run(t.Context(), func(batch []pipeline.Packet) {
		for _, p := range batch {
			p.Data = bytes.Clone(p.Data)
			packets = append(packets, p)
		}
	})
	return packets, errors.Join(err, s.Close())
}

// TestFile reads a capture by both methods of gopacket, and by our own reader.
func TestFile(t *testing.T) {
	ours, err := capfile.Open(capture, capfile.ReaderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	var want []pipeline.Packet
	batch := make([]pipeline.Packet, 16)
	for {
		n, err := ours.ReadBatch(batch)
		for _, p := range batch[:n] {
			p.Data = bytes.Clone(p.Data)
			want = append(want, p)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, read := range map[string]func(*pcapgo.Reader) ([]byte, gopacket.CaptureInfo, error){
		"copied": (*pcapgo.Reader).ReadPacketData, "lent": (*pcapgo.Reader).ZeroCopyReadPacketData,
	} {
		got, err := run(t, openFile(capture, read))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		same := slices.EqualFunc(got, want, func(a, b pipeline.Packet) bool {
			return bytes.Equal(a.Data, b.Data) && a.Length == b.Length && a.Time == b.Time && a.LinkType == b.LinkType
		})
		if !same || len(want) == 0 {
			t.Errorf("%s: %d packets, and not those that capfile reads, %d", name, len(got), len(want))
		}
	}
}

func TestOpenFails(t *testing.T) {
	for _, path := range []string{"testdata/missing.pcap", "gopackets_test.go"} {
		if _, err := run(t, openFile(path, (*pcapgo.Reader).ReadPacketData)); err == nil {
			t.Errorf("%s was opened", path)
		}
	}
}

var errFull = errors.New("full")

// TestErrors has readers that fail before a packet comes, and after it.
func TestErrors(t *testing.T) {
	for _, tc := range []struct {
		name string
		err  error
		want error // of Run; nil if it goes on
	}{
		{"again", syscall.EAGAIN, nil},
		{"timeout", os.ErrDeadlineExceeded, nil},
		{"one that the reader knows", errFull, nil},
		{"cut", io.ErrUnexpectedEOF, io.ErrUnexpectedEOF},
		{"closed", os.ErrClosed, os.ErrClosed},
		{"reset", &net.OpError{Op: "read", Err: syscall.ECONNRESET}, syscall.ECONNRESET},
	} {
		t.Run(tc.name, func(t *testing.T) {
			calls := 0
			read := func() ([]byte, gopacket.CaptureInfo, error) {
				switch calls++; calls {
				case 1, 3:
					return nil, gopacket.CaptureInfo{}, tc.err
				case 2:
					return []byte{1}, gopacket.CaptureInfo{Length: 9}, nil
				}
				return nil, gopacket.CaptureInfo{}, io.EOF
			}
			before := time.Now()
			got, err := run(t, func(context.Context) (gopackets.Handle, error) {
				h := gopackets.Handle{Read: read, Interrupt: func() {}}
				if tc.err != os.ErrClosed { // with which there is none
					h.Again = func(err error) bool { return errors.Is(err, errFull) }
				}
				return h, nil
			})
			if !errors.Is(err, tc.want) {
				t.Errorf("error %v, want %v", err, tc.want)
			}
			if tc.want != nil {
				return
			}
			if len(got) != 1 || got[0].Length != 9 || got[0].Time.Time().Before(before.Add(-time.Second)) {
				t.Errorf("packets %+v, want one of 9 bytes with the host's time", got)
			}
		})
	}
}

// TestStop ends sources that wait for a packet: a reader that Interrupt closes, and one
// whose Read times out.
func TestStop(t *testing.T) {
	var ctx context.Context
	var cancel context.CancelFunc
	closed := make(chan struct{})
	for name, h := range map[string]gopackets.Handle{
		"interrupted": {
			Read: func() ([]byte, gopacket.CaptureInfo, error) {
				cancel()
				<-closed
				return nil, gopacket.CaptureInfo{}, os.ErrClosed
			},
			Interrupt: func() { close(closed) },
		},
		"timed out": {
			Read: func() ([]byte, gopacket.CaptureInfo, error) {
				cancel()
				return nil, gopacket.CaptureInfo{}, os.ErrDeadlineExceeded
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel = context.WithCancel(t.Context())
			calls := 0
			h.Close = func() error { calls++; return errFull }
			s := gopackets.NewSource(func(context.Context) (gopackets.Handle, error) { return h, nil })
			if err := errors.Join(s.Open(ctx), s.Run(ctx, func([]pipeline.Packet) { t.Error("a packet came") })); err != nil {
				t.Error(err)
			}
			if err := s.Close(); !errors.Is(err, errFull) {
				t.Errorf("error %v, want the reader's", err)
			}
			if err := s.Close(); err != nil || calls != 1 {
				t.Errorf("closed again: %v, the reader is closed %d times", err, calls)
			}
		})
	}
}

func TestNewPacket(t *testing.T) {
	p := pipelinetest.PTB{}.Packet(pipelinetest.Begin)
	p.Length++
	packet := gopackets.NewPacket(&p, layers.LinkTypeEthernet, gopacket.Default)
	m := packet.Metadata()
	if m.Timestamp != p.Time.Time() || m.CaptureLength != len(p.Data) || m.Length != p.Length || !m.Truncated {
		t.Errorf("metadata %+v", m)
	}
	p.Data[14+8] = 1
	ip, ok := packet.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
	if !ok || ip.TTL != 60 || bytes.Equal(packet.Data(), p.Data) {
		t.Errorf("the packet has no IPv4 header of its own: %v", packet)
	}
	p.Length, p.Data = len(p.Data), p.Data[:14+9]
	if !gopackets.NewPacket(&p, layers.LinkTypeEthernet, gopacket.NoCopy).Metadata().Truncated {
		t.Error("a packet that is cut is not truncated")
	}
	p.Length = len(p.Data)
	if !gopackets.NewPacket(&p, layers.LinkTypeEthernet, gopacket.NoCopy).Metadata().Truncated {
		t.Error("a packet with half an IP header is not truncated")
	}
}
