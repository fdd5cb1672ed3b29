package pcap

import (
	"fmt"
	"time"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/afpacket"
	"github.com/pmtud/pmtud/pipeline/linklayer"
	"github.com/pmtud/pmtud/sources/pcap/internal/tpacket"
)

const (
	// ringLatency is that of a ring with a queue in front of it.
	ringLatency = 20 * time.Millisecond

	// lateAfter is the age from which on packets in the ring show that the queue was not read for
	// some time.
	lateAfter = 200 * time.Millisecond
)

// queue is a second socket, without a ring, whose packets the kernel hands over at once. While
// there are few, they are delivered from there, and their copies in the ring are left out.
//
// No packet is delivered twice, and none is missed, by three rules:
//
//   - What the queue loses or discards is in the ring. What the ring has no room for counts as lost,
//     even if the queue delivered it.
//   - The queue's socket is made and bound after that of the ring, so the kernel offers it each
//     packet first (dev_add_pack in net/core/dev.c, packet_notifier in net/packet/af_packet.c).
//     So when the queue is read until it is empty, it has given up the packets of all blocks that
//     were closed before.
//   - It is emptied without reading before it is used and after, when its filter refuses all.
type queue struct {
	socket  *afpacket.Socket // nil without a queue
	packets *tpacket.Queue
	filter  []bpf.RawInstruction
	inUse   bool
	ahead   ahead
	packet  [1]pipeline.Packet
}

// refuseAll is the filter of a queue that is not in use.
var refuseAll = []bpf.RawInstruction{{Op: unix.BPF_RET | unix.BPF_K}}

func openQueue(name string, snaplen int) (queue, error) {
	socket, _, err := afpacket.Open(name)
	if err != nil {
		return queue{}, err
	}
	q := queue{socket: socket, ahead: newAhead()}
	if q.packets, err = tpacket.NewQueue(socket.Raw, snaplen); err != nil {
		_ = q.close()
		return queue{}, fmt.Errorf("open interface %s: %w", name, err)
	}
	return q, nil
}

// listen binds the queue to a link, after the ring, and puts it to use.
func (q *queue) listen(link afpacket.Link, filter []bpf.Instruction) (err error) {
	if q.socket == nil {
		return nil
	}
	q.stop()
	if q.filter, err = bpf.Assemble(filter); err != nil {
		return err
	}
	q.start()
	return q.socket.Receive(link)
}

// start puts the queue to use, if there is one. What is in the ring alone at this moment is delivered
// after what comes next.
func (q *queue) start() {
	if !q.isStopped() {
		return
	}
	q.inUse = q.packets.Discard() == nil && q.socket.Conn.SetBPF(q.filter) == nil
}

// isStopped reports whether there is a queue that is not in use.
func (q *queue) isStopped() bool { return q.socket != nil && !q.inUse }

// stop ends the queue's use.
func (q *queue) stop() {
	q.inUse = false
	if q.socket.Conn.SetBPF(refuseAll) == nil { // without memory for it, the queue runs full
		_ = q.packets.Discard() // the ring's socket has the same error
	}
}

// read delivers what the queue has, up to so many packets, and returns how many that were. An
// error is one of the socket.
func (q *queue) read(link linklayer.Type, most int, deliver func([]pipeline.Packet)) (n int, err error) {
	for ; n < most; n++ {
		ok, err := q.packets.Read(&q.packet[0], link)
		if !ok {
			return n, err
		}
		q.ahead.add(&q.packet[0])
		deliver(q.packet[:])
	}
	return n, nil
}

func (q *queue) close() error {
	if q.socket == nil {
		return nil
	}
	socket := q.socket
	q.socket, q.inUse = nil, false
	return socket.Close()
}

// fromQueue waits for packets and delivers them as they come: from the queue, and those that are
// not in it from the ring.
func (s *source) fromQueue(deliver func([]pipeline.Packet)) error {
	err := s.queue.packets.Wait()
	if s.takeAll(deliver) {
		s.tickLater()
	}
	if isErrno(err) && s.queue.inUse {
		s.stopQueue()
	}
	if !s.queue.inUse {
		return nil // the ring's socket has the same error, and another deadline
	}
	return err
}

// takeAll delivers what queue and ring hold, and reports whether that was anything. When it is
// much, the ring goes on alone: it is faster then. So it does when the queue is late, since only the
// ring has the packets' times, and after an error of the queue's socket, which the ring's has, too.
func (s *source) takeAll(deliver func([]pipeline.Packet)) bool {
	blocks, packets, at := s.ring.Closed()
	late := packets > len(s.queue.ahead.packets) && time.Since(at.Time()) > lateAfter
	var n int
	var err error
	if !late {
		n, err = s.queue.read(s.link.LinkType, mostQueued-s.came, deliver)
		s.came += n
	}
	if late || err != nil || s.came >= mostQueued {
		s.stopQueue()
	}
	for range blocks {
		if block, ok := s.ring.Take(); ok {
			s.deliver(&block, deliver)
		}
	}
	return n+blocks > 0
}
