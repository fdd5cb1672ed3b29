package tpacket

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/wire"
)

// Under load, it is enough to look at the ring every few milliseconds: being woken for each
// block costs more than all its packets.
const (
	pause = 4 * time.Millisecond

	// busyPackets is the number of packets that were there at once, from which on the ring
	// is under load.
	busyPackets = 8

	// mostUsed is the share of the blocks, 1/4, that may have been filled when the ring was
	// looked at last. If it was more, the ring might overflow during a pause.
	mostUsed = 4
)

// frameSize is of no use to TPACKET_V3, but the kernel checks it.
const frameSize = 2048

// Config says how large a ring is.
type Config struct {
	BlockSize int // bytes, a multiple of the page size
	Blocks    int

	// Timeout is after what time the kernel hands over a block that is not full,
	// in whole milliseconds.
	Timeout time.Duration
}

// Ring is the receive ring of a packet socket. Its methods are for one goroutine,
// but for Drops.
type Ring struct {
	raw       syscall.RawConn
	memory    []byte
	blockSize int
	next      int // offset of the block to read next

	// Since the ring was found empty:
	blocks, packets int

	ready   func(fd uintptr) bool // made once
	pending unix.Errno            // of the socket, when ready found no block
	calls   rawCalls
}

// New gives the socket a ring; it should not be bound yet. The ring must be closed
// before the socket.
func New(raw syscall.RawConn, c Config) (*Ring, error) {
	r := &Ring{raw: raw, blockSize: c.BlockSize}
	r.ready = r.readyOrFailed
	var err error
	if e := raw.Control(func(fd uintptr) { err = r.create(int(fd), c) }); e != nil {
		err = e
	}
	if err != nil {
		return nil, fmt.Errorf("make ring of %d x %d bytes: %w", c.Blocks, c.BlockSize, err)
	}
	return r, nil
}

func (r *Ring) create(fd int, c Config) error {
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V3); err != nil {
		return os.NewSyscallError("PACKET_VERSION", err)
	}
	// Room for the VLAN tag before each packet.
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_RESERVE, wire.VLANTagLen); err != nil {
		return os.NewSyscallError("PACKET_RESERVE", err)
	}
	size := &unix.TpacketReq3{
		Block_size: uint32(c.BlockSize), Block_nr: uint32(c.Blocks),
		Frame_size: frameSize, Frame_nr: uint32(c.BlockSize / frameSize * c.Blocks),
		Retire_blk_tov: uint32(c.Timeout.Milliseconds()),
	}
	if err := unix.SetsockoptTpacketReq3(fd, unix.SOL_PACKET, unix.PACKET_RX_RING, size); err != nil {
		return os.NewSyscallError("PACKET_RX_RING", err)
	}
	var err error
	r.memory, err = unix.Mmap(fd, 0, c.BlockSize*c.Blocks, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	return os.NewSyscallError("mmap", err)
}

// Next waits for the next block and returns it; it is the caller's until
// [Ring.Release]. Errors are a pending error of the socket as a [unix.Errno], which
// is thereby taken from it, and [os.ErrDeadlineExceeded] after the read deadline.
func (r *Ring) Next() (Block, error) {
	r.pending = 0
	if !r.hasBlock() {
		if r.busy() {
			r.calls.sleep(pause)
		}
		r.blocks, r.packets = 0, 0
	}
	if err := r.raw.Read(r.ready); err != nil {
		return Block{}, err
	}
	if r.pending != 0 {
		return Block{}, r.pending
	}
	block := r.block()
	r.blocks++
	r.packets += block.Rest()
	return block, nil
}

// busy reports whether there will be many packets soon, but not too many for a pause.
func (r *Ring) busy() bool {
	return r.packets >= busyPackets && r.blocks <= len(r.memory)/r.blockSize/mostUsed
}

// Backlog returns the number of packets in the blocks that Next has returned since it last
// had to wait.
func (r *Ring) Backlog() int { return r.packets }

// Closed returns how many blocks, with how many packets, are there to be taken, and the time stamp of
// the first one's last packet.
func (r *Ring) Closed() (blocks, packets int, at pipeline.Instant) {
	for next := r.next; blocks < len(r.memory)/r.blockSize && r.isClosed(next); blocks++ {
		block := r.blockAt(next)
		if blocks == 0 {
			at = block.lastTime()
		}
		packets += block.Rest()
		next = r.after(next)
	}
	return blocks, packets, at
}

// Take returns the next block if it is there already. It is the caller's as that of
// Next.
func (r *Ring) Take() (block Block, ok bool) {
	if !r.hasBlock() {
		return Block{}, false
	}
	return r.block(), true
}

func (r *Ring) block() Block { return r.blockAt(r.next) }

func (r *Ring) blockAt(offset int) Block { return NewBlock(r.memory[offset : offset+r.blockSize]) }

// readyOrFailed reports whether Next need not wait (any longer). The runtime's
// poller wakes it for each event of the socket, and errors only once.
func (r *Ring) readyOrFailed(fd uintptr) bool {
	if r.hasBlock() {
		return true
	}
	r.pending = r.calls.socketError(fd)
	return r.pending != 0
}

// hasBlock reports whether the kernel has handed over the next block.
func (r *Ring) hasBlock() bool { return r.isClosed(r.next) }

func (r *Ring) isClosed(offset int) bool {
	return atomic.LoadUint32(r.status(offset))&unix.TP_STATUS_USER != 0
}

// Release gives the block that Next returned back to the kernel.
func (r *Ring) Release() {
	atomic.StoreUint32(r.status(r.next), unix.TP_STATUS_KERNEL)
	r.next = r.after(r.next)
}

// after returns the offset of the block that follows the one at an offset.
func (r *Ring) after(offset int) int {
	if offset += r.blockSize; offset == len(r.memory) {
		return 0
	}
	return offset
}

// status returns the status word of a block, through which kernel and program hand it to each
// other.
func (r *Ring) status(offset int) *uint32 {
	return (*uint32)(unsafe.Pointer(&r.memory[offset+blockStatus]))
}

// Drops returns how many packets found no room in the ring since the last call. It
// is safe for concurrent use.
func (r *Ring) Drops() (uint32, error) {
	var stats *unix.TpacketStatsV3
	var err error
	e := r.raw.Control(func(fd uintptr) {
		stats, err = unix.GetsockoptTpacketStatsV3(int(fd), unix.SOL_PACKET, unix.PACKET_STATISTICS)
	})
	if err := errors.Join(e, err); err != nil {
		return 0, fmt.Errorf("read statistics of ring: %w", err)
	}
	return stats.Drops, nil
}

// Close lets go of the ring's memory. Blocks must not be used any more.
func (r *Ring) Close() error {
	return os.NewSyscallError("munmap", unix.Munmap(r.memory))
}
