package capfile_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"testing"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// captured is what a capture records of a packet.
type captured struct {
	Data   string
	Length int
	Time   pipeline.Instant
	Link   linklayer.Type
	Type   linklayer.PacketType
}

func of(p *pipeline.Packet) captured {
	return captured{string(p.Data), p.Length, p.Time, p.LinkType, p.Type}
}

// readAll reads in batches of so many packets to the end, of which it returns the
// reason unless it is io.EOF.
func readAll(r capfile.BatchReader, batch int) ([]captured, error) {
	var all []captured
	dst := make([]pipeline.Packet, batch)
	for {
		for i := range dst { // of the batch before, nothing is left
			dst[i] = pipeline.Packet{Length: -1, Time: -1, LinkType: 9999, Type: linklayer.TypeOutgoing}
		}
		n, err := r.ReadBatch(dst)
		for i := range dst[:n] {
			all = append(all, of(&dst[i]))
		}
		switch {
		case errors.Is(err, io.EOF):
			return all, nil
		case err != nil:
			return all, err
		case n == 0:
			return all, errors.New("no packets and no error")
		}
	}
}

// read reads a capture.
func read(octets []byte, o capfile.ReaderOptions) ([]captured, error) {
	r := capfile.NewReader(bytes.NewReader(octets), o)
	defer r.Close()
	return readAll(r, 3)
}

func mustRead(tb testing.TB, octets []byte) []captured {
	tb.Helper()
	all, err := read(octets, capfile.ReaderOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	return all
}

// write makes a capture of packets.
func write(tb testing.TB, o capfile.WriterOptions, packets ...pipeline.Packet) []byte {
	tb.Helper()
	var buf bytes.Buffer
	w := capfile.NewWriter(&buf, o)
	for i := range packets {
		if err := w.Write(&packets[i]); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		tb.Fatal(err)
	}
	return buf.Bytes()
}

// order is a byte order for building files field by field.
type order interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

func orders() iter.Seq2[string, order] {
	return func(yield func(string, order) bool) {
		_ = yield("little-endian", binary.LittleEndian) && yield("big-endian", binary.BigEndian)
	}
}

// fields appends numbers as fields of their size, and bytes as they are.
func fields(o order, values ...any) []byte {
	var b []byte
	for _, v := range values {
		switch v := v.(type) {
		case uint8:
			b = append(b, v)
		case uint16:
			b = o.AppendUint16(b, v)
		case uint32:
			b = o.AppendUint32(b, v)
		case uint64:
			b = o.AppendUint64(b, v)
		case string:
			b = append(b, v...)
		case []byte:
			b = append(b, v...)
		default:
			panic("a value of unknown size")
		}
	}
	return b
}

func pcapHeader(o order, magic uint32) []byte {
	return fields(o, magic, uint16(2), uint16(4), uint64(0), uint32(65535), uint32(1))
}

func record(o order, sec, frac uint32, length uint32, data string) []byte {
	return fields(o, sec, frac, uint32(len(data)), length, data)
}

// block is a pcapng block with the right lengths.
func block(o order, kind uint32, values ...any) []byte {
	body := fields(o, values...)
	for len(body)%4 != 0 {
		body = append(body, 0)
	}
	total := uint32(len(body) + 12)
	return fields(o, kind, total, body, total)
}

func section(o order) []byte {
	return block(o, 0x0a0d0d0a, uint32(0x1a2b3c4d), uint16(1), uint16(0), ^uint64(0))
}

func iface(o order, link uint16, snaplen uint32, options ...any) []byte {
	return block(o, 1, link, uint16(0), snaplen, fields(o, options...))
}

// option is an option with its padding.
func option(o order, code uint16, values ...any) []byte {
	value := fields(o, values...)
	b := fields(o, code, uint16(len(value)), value)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

func enhanced(o order, id uint32, stamp uint64, length uint32, data string, options ...any) []byte {
	padded := data + "\x00\x00\x00"[:-len(data)&3]
	return block(o, 6, id, uint32(stamp>>32), uint32(stamp), uint32(len(data)), length, padded, fields(o, options...))
}

func join(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
