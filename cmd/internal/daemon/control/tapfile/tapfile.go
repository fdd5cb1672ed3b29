// Package tapfile writes the packets of a tap: as lines of JSON, as text, or as pcapng.
package tapfile

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// Writer writes packets.
type Writer interface {
	// Write writes a packet: a line of the answer to GET /api/tap.
	Write(line []byte) error

	// Flush is called when no more packets are at hand.
	Flush() error
}

// JSON writes the lines as they are.
type JSON struct{ io.Writer }

// Write is [Writer].
func (j JSON) Write(line []byte) error {
	_, err := j.Writer.Write(line)
	return err
}

// Flush is [Writer].
func (JSON) Flush() error { return nil }

// packet is a line of JSON. Ports and the MTU are nil where they are not known.
type packet struct {
	Pipeline, Verdict, Stage, Reason string
	Time                             time.Time
	Router, Target, Proto, Src, Dst  string
	MTU                              *uint32
	Sport, Dport                     *uint16
	Sinks                            []string

	Link   linklayer.Type
	Length int
	Data   []byte
}

func parse(line []byte) (p packet, err error) {
	if err = json.Unmarshal(line, &p); err != nil {
		err = fmt.Errorf("read packet: %w", err)
	}
	return p, err
}

// verdict returns the verdict with what led to it.
func (p packet) verdict() string {
	if p.Stage == "" {
		return p.Verdict
	}
	return p.Verdict + " " + p.Stage + ": " + p.Reason
}

// Text writes a line of text for each packet, with local time.
type Text struct {
	io.Writer
	verdictColumns int // of the longest so far, so that lines below each other are aligned
}

// Write is [Writer].
func (t *Text) Write(line []byte) error {
	p, err := parse(line)
	if err != nil {
		return err
	}
	verdict := p.verdict()
	t.verdictColumns = max(t.verdictColumns, len(verdict))
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %-*s", p.Time.Local().Format("15:04:05.000000"), t.verdictColumns, verdict)
	if p.Router != "" {
		fmt.Fprintf(&b, "  %s > %s", p.Router, p.Target)
	}
	if p.MTU != nil {
		fmt.Fprintf(&b, " mtu %d", *p.MTU)
	}
	if p.Src != "" {
		fmt.Fprintf(&b, " about %s %s > %s", p.Proto, endpoint(p.Src, p.Sport), endpoint(p.Dst, p.Dport))
	}
	b.WriteByte('\n')
	_, err = io.WriteString(t.Writer, b.String())
	return err
}

func endpoint(host string, port *uint16) string {
	if port == nil {
		return host
	}
	return net.JoinHostPort(host, strconv.Itoa(int(*port)))
}

// Flush is [Writer].
func (*Text) Flush() error { return nil }

// Pcapng writes the packets with their bytes, each with its verdict as a comment.
type Pcapng struct {
	w   *capfile.Writer
	ids map[capfile.Interface]int
}

// NewPcapng returns a Pcapng to w by a program of this name.
func NewPcapng(w io.Writer, program string) *Pcapng {
	return &Pcapng{
		w:   capfile.NewWriter(w, capfile.WriterOptions{Encoder: capfile.Encoder{Format: capfile.Pcapng, Application: program}}),
		ids: map[capfile.Interface]int{},
	}
}

// Write is [Writer].
func (f *Pcapng) Write(line []byte) error {
	p, err := parse(line)
	if err != nil {
		return err
	}
	on := capfile.Interface{Name: p.Pipeline, LinkType: p.Link}
	id, ok := f.ids[on]
	if !ok {
		if id, err = f.w.AddInterface(on); err != nil {
			return err
		}
		f.ids[on] = id
	}
	captured := pipeline.NewPacket(p.Data, p.Link, p.Time)
	captured.Length = p.Length
	return f.w.WriteOn(id, &captured, p.verdict())
}

// Flush is [Writer].
func (f *Pcapng) Flush() error { return f.w.Flush() }
