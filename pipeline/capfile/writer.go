package capfile

import (
	"fmt"
	"io"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// writeSize is the number of bytes from which on a Writer writes.
const writeSize = 128 << 10

// WriterOptions are the options of a [Writer].
type WriterOptions struct {
	Encoder

	// Interfaces are described at the beginning of a pcapng file and numbered from
	// 0 on. Others follow as packets of other link types come.
	Interfaces []Interface
}

// Writer writes a capture file to a stream, in large pieces which hold whole
// packets. After an error of the stream all methods return that error until Reset.
// Methods are not to be called concurrently.
type Writer struct {
	options    WriterOptions
	w          io.Writer
	buf        []byte
	interfaces []Interface
	link       linklayer.Type // of a pcap file
	begun      bool
	err        error
}

// NewWriter returns a Writer to w, to which nothing is written yet.
func NewWriter(w io.Writer, o WriterOptions) *Writer {
	return &Writer{options: o, w: w, buf: make([]byte, 0, 2*writeSize)}
}

// Reset gives up what has not been written and begins another file.
func (w *Writer) Reset(to io.Writer) {
	*w = Writer{options: w.options, w: to, buf: w.buf[:0], interfaces: w.interfaces[:0]}
}

// Write writes p: Data, Length, Time and Type. The first packet of a pcap file
// decides about its link type; ErrLinkType is the error for packets of another. In
// a pcapng file p becomes a packet of the first interface of its link type. A
// packet with ErrLinkType or ErrTime is left out; more can be written.
func (w *Writer) Write(p *pipeline.Packet) error {
	if err := w.begin(p.LinkType); err != nil {
		return err
	}
	if w.options.Format == Pcap {
		if p.LinkType != w.link {
			return ErrLinkType
		}
		return w.write(0, p, "")
	}
	return w.write(w.interfaceOf(p.LinkType), p, "")
}

// WriteOn writes p as a packet of the interface with the number id, with a comment
// unless that is empty. It is for pcapng; the link type of p must be that of the
// interface.
func (w *Writer) WriteOn(id int, p *pipeline.Packet, comment string) error {
	if err := w.begin(p.LinkType); err != nil {
		return err
	}
	switch {
	case id < 0 || id >= len(w.interfaces):
		return fmt.Errorf("write packet: the file has no interface %d", id)
	case w.interfaces[id].LinkType != p.LinkType:
		return ErrLinkType
	}
	return w.write(id, p, comment)
}

// AddInterface describes one more interface of a pcapng file and returns its number.
func (w *Writer) AddInterface(i Interface) (id int, err error) {
	if err := w.begin(i.LinkType); err != nil {
		return 0, err
	}
	return w.addInterface(i), nil
}

// begin puts what a file begins with in front of its first packet.
func (w *Writer) begin(link linklayer.Type) error {
	if w.begun || w.err != nil {
		return w.err
	}
	w.begun, w.link = true, link
	w.buf = w.options.AppendHeader(w.buf, link)
	if w.options.Format == Pcapng {
		for _, i := range w.options.Interfaces {
			w.addInterface(i)
		}
	}
	return nil
}

func (w *Writer) interfaceOf(link linklayer.Type) int {
	for id := range w.interfaces {
		if w.interfaces[id].LinkType == link {
			return id
		}
	}
	return w.addInterface(Interface{LinkType: link})
}

func (w *Writer) addInterface(i Interface) int {
	w.buf = w.options.AppendInterface(w.buf, i)
	w.interfaces = append(w.interfaces, i)
	return len(w.interfaces) - 1
}

func (w *Writer) write(id int, p *pipeline.Packet, comment string) error {
	var err error
	if w.buf, err = w.options.AppendPacket(w.buf, id, p, comment); err != nil {
		return err
	}
	if len(w.buf) < writeSize {
		return nil
	}
	return w.Flush()
}

// Flush writes what is in the buffer. A file without packets becomes a valid one,
// of Ethernet.
func (w *Writer) Flush() error {
	if err := w.begin(linklayer.Ethernet); err != nil {
		return err
	}
	if len(w.buf) == 0 {
		return nil
	}
	_, w.err = w.w.Write(w.buf)
	w.buf = w.buf[:0]
	return w.err
}
