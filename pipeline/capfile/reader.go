package capfile

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/pmtud/pmtud/pipeline"
)

// Limits of what is read, as in Wireshark and libpcap.
const (
	// MaxPacket is the largest packet in bytes.
	MaxPacket = 262144

	// MaxBlock is the largest block of a pcapng file in bytes.
	MaxBlock = 16 << 20
)

// BatchReader reads packets in batches. [Reader], [Files] and [Merge] do.
type BatchReader interface {
	// ReadBatch fills Data, Length, Time, LinkType and Type of up to len(dst)
	// packets and returns their number, at least one unless dst is empty or there
	// is an error. There are no packets with an error; io.EOF means that all have
	// been read. The bytes are lent until the next call, or for as many calls as the
	// options of the readers say.
	ReadBatch(dst []pipeline.Packet) (int, error)
}

// ReaderOptions are the options of a [Reader].
type ReaderOptions struct {
	// Name names the file in errors. The default is the path it was opened by, or
	// "capture".
	Name string

	// ReadAhead has a compressed file read and decompressed in a goroutine of its own,
	// beginning with the first ReadBatch. It makes no difference to others: what has
	// just been read is nearest to the processor that read it.
	ReadAhead bool

	// Lend is the number of batches whose bytes are lent at a time: those of a batch
	// are good until the Lend-th call of ReadBatch after it. The default is 1.
	Lend int

	// Warn is told of what is odd and no error, once for each kind and file, by the
	// goroutine that calls ReadBatch. May be nil.
	Warn func(warning error)
}

// defaultName names a capture without a name.
const defaultName = "capture"

// Reader reads a capture file. Its methods are not to be called concurrently.
type Reader struct {
	name   string
	in     *decompressor
	ahead  bool
	chunks chunks // of in; nil before the first is needed
	loans  *loans
	file   io.Closer // nil if not ours

	window  []byte // unread bytes
	offset  int64  // of the window in the stream
	packets uint64 // returned so far
	decoder decoder
	odd     oddities
	err     error
	closed  bool
}

// decoder reads one of the two formats.
type decoder interface {
	// decode fills dst with the packets that window begins with, and returns the
	// number of bytes they take and their number. It returns the same error
	// when it is called again for what follows those bytes.
	decode(window []byte, dst []pipeline.Packet) (used, n int, err error)

	// end returns an error unless a file may end with rest, in which decode
	// found nothing.
	end(rest []byte) error
}

// Open opens a capture file. The caller closes the Reader.
func Open(path string, o ReaderOptions) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if o.Name == "" {
		o.Name = path
	}
	r := NewReader(f, o)
	r.file = f
	return r, nil
}

// NewReader returns a Reader of a stream. It reads nothing yet. Close does not
// close r, and with read-ahead waits until a read that is under way returns.
func NewReader(r io.Reader, o ReaderOptions) *Reader {
	if o.Name == "" {
		o.Name = defaultName
	}
	reader := &Reader{name: o.Name, in: newDecompressor(r), ahead: o.ReadAhead, loans: newLoans(o.Lend)}
	if o.Warn != nil {
		reader.odd.warn = func(n int, text string) {
			o.Warn(fmt.Errorf("read %s: packet %d: %s", o.Name, reader.packets+uint64(n)+1, text))
		}
	}
	return reader
}

// ReadBatch reads packets: see [BatchReader].
func (r *Reader) ReadBatch(dst []pipeline.Packet) (int, error) {
	if len(dst) == 0 {
		return 0, nil
	}
	r.loans.call++
	for r.err == nil {
		if r.decoder == nil {
			r.begin()
			continue
		}
		used, n, err := r.decoder.decode(r.window, dst)
		r.window = r.window[used:]
		r.offset += int64(used)
		switch {
		case n > 0:
			r.packets += uint64(n)
			return n, nil
		case err != nil:
			r.fail(err)
		case used == 0:
			r.more()
		}
	}
	return 0, r.err
}

// magicLen is the length of the magic number, which distinguishes pcap from pcapng.
const magicLen = 4

// begin makes the decoder for what the file begins with, or gets more of it.
func (r *Reader) begin() {
	switch {
	case len(r.window) < magicLen:
		r.more()
	case isPcapng(r.window):
		r.decoder = &pcapngDecoder{odd: &r.odd}
	case len(r.window) < pcapHeaderLen:
		r.more()
	case isPcap(r.window):
		d, err := newPcapDecoder(r.window, &r.odd)
		if err != nil {
			r.fail(err)
			return
		}
		r.decoder = d
		r.window = r.window[pcapHeaderLen:]
		r.offset += pcapHeaderLen
	default:
		r.fail(foreign(r.window, r.name))
	}
}

// more gets more bytes, or notes why there are none.
func (r *Reader) more() {
	err := r.open()
	if err == nil {
		r.window, err = r.chunks.next(r.window)
	}
	switch {
	case err == nil:
	case errors.Is(err, io.EOF):
		if err := r.end(); err != nil {
			r.fail(err)
			return
		}
		r.err = io.EOF
	default:
		r.offset += int64(len(r.window))
		r.fail(err)
	}
}

// open begins the stream if it has not begun.
func (r *Reader) open() error {
	if r.chunks != nil {
		return nil
	}
	compressed, err := r.in.start()
	if err != nil {
		return err
	}
	if r.ahead && compressed {
		r.chunks = newReadAhead(r.in, r.loans)
	} else {
		r.chunks = &direct{r: r.in, loans: r.loans}
	}
	return nil
}

// end returns an error if the file can't end here.
func (r *Reader) end() error {
	switch {
	case r.decoder != nil:
		return r.decoder.end(r.window)
	case len(r.window) == 0:
		return errors.New("the file is empty")
	case len(r.window) >= magicLen && !isPcap(r.window):
		return foreign(r.window, r.name)
	}
	return fmt.Errorf("the file ends after %d bytes, within its header", len(r.window))
}

func (r *Reader) fail(err error) { r.err = newError(r.name, r.offset, err) }

// Close ends the Reader and closes its file if [Open] opened it. Packets read
// before are no longer valid.
func (r *Reader) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	var err error
	if r.file != nil {
		err = r.file.Close()
	}
	if r.chunks != nil {
		r.chunks.close()
	}
	r.in.close()
	r.err = newError(r.name, r.offset, os.ErrClosed)
	return err
}
