package capfile

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// Errors of packets that a file can't hold.
var (
	// ErrLinkType is the error for a packet of another link type than the pcap
	// file that it was to be written to.
	ErrLinkType = errors.New("the file is for another link type")

	// ErrTime is the error for a packet whose time stamp is not between 1970 and,
	// for pcap, 2106.
	ErrTime = errors.New("the file can't hold the timestamp")
)

// Interface is an interface that a pcapng file names.
type Interface struct {
	Name     string // may be empty
	LinkType linklayer.Type
}

// Encoder makes the bytes of capture files. All methods append to dst and return
// it. A file consists of a header, with pcapng interfaces, and packets, of which
// each must follow its interface. The zero value is for pcap with microseconds.
type Encoder struct {
	Format Format

	// Nanoseconds asks for pcap files with nanoseconds. Pcapng always has them.
	Nanoseconds bool

	// Snaplen is the number of bytes kept of each packet; 0 stands for MaxPacket.
	Snaplen int

	// Application is the name of the writing program in pcapng files; may be empty.
	Application string
}

// AppendHeader appends a file's header, of which link is a part with pcap.
func (e *Encoder) AppendHeader(dst []byte, link linklayer.Type) []byte {
	if e.Format == Pcapng {
		return e.appendSection(dst)
	}
	magic := uint32(magicMicroseconds)
	if e.Nanoseconds {
		magic = magicNanoseconds
	}
	dst = binary.LittleEndian.AppendUint32(dst, magic)
	dst = binary.LittleEndian.AppendUint32(dst, 2|4<<16) // version
	dst = binary.LittleEndian.AppendUint64(dst, 0)       // time zone, accuracy
	dst = binary.LittleEndian.AppendUint32(dst, uint32(e.snaplen()))
	return binary.LittleEndian.AppendUint32(dst, uint32(link))
}

func (e *Encoder) snaplen() int {
	if e.Snaplen <= 0 {
		return MaxPacket
	}
	return min(e.Snaplen, MaxPacket)
}

// AppendPacket appends a packet. With pcapng it is one of the interface with the
// number id, counted from 0 in the order of the file, and has a comment unless
// that is empty. The error is ErrTime.
func (e *Encoder) AppendPacket(dst []byte, id int, p *pipeline.Packet, comment string) ([]byte, error) {
	if e.Format == Pcapng {
		return e.appendEnhanced(dst, id, p, comment)
	}
	return e.appendRecord(dst, p)
}

func (e *Encoder) appendRecord(dst []byte, p *pipeline.Packet) ([]byte, error) {
	if p.Time < 0 || p.Time/1e9 > math.MaxUint32 {
		return dst, ErrTime
	}
	seconds, fraction := uint32(p.Time/1e9), uint32(p.Time%1e9)
	if !e.Nanoseconds {
		fraction /= 1000
	}
	data := p.Data[:min(len(p.Data), e.snaplen())]
	var head [pcapRecordLen]byte
	le := binary.LittleEndian
	le.PutUint32(head[0:], seconds)
	le.PutUint32(head[4:], fraction)
	le.PutUint32(head[8:], uint32(len(data)))
	le.PutUint32(head[12:], uint32(max(p.Length, len(p.Data))))
	return append(append(dst, head[:]...), data...), nil
}
