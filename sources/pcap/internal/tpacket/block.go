package tpacket

import (
	"encoding/binary"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/linklayer"
)

// Offsets in struct tpacket_block_desc, and its length.
const (
	blockStatus      = 8
	blockPackets     = 12
	blockFirstPacket = 16
	blockLastTime    = 40
	blockLen         = 48
)

// Offsets in struct tpacket3_hdr, its length, and what follows it.
const (
	packetNext    = 0
	packetTime    = 4
	packetSnaplen = 12
	packetLen     = 16
	packetStatus  = 20
	packetMac     = 24
	packetTCI     = 32
	packetTPID    = 36
	headerLen     = 48
	addressLen    = 20 // struct sockaddr_ll
	addressType   = headerLen + 10
)

// Block walks once over the packets of one block of the ring.
type Block struct {
	data []byte
	next int // offset of the next packet's header
	left int // packets that the kernel says are still to come
}

// NewBlock returns the block that begins with a block descriptor as the kernel
// fills it. What the descriptor claims is not trusted.
func NewBlock(data []byte) Block {
	if len(data) < blockLen {
		return Block{}
	}
	return Block{
		data: data,
		next: int(binary.NativeEndian.Uint32(data[blockFirstPacket:])),
		left: int(binary.NativeEndian.Uint32(data[blockPackets:])),
	}
}

// Read describes the next packets in batch, as of the link type and with snaplen
// bytes each at most, and returns how many: 0 at the end. Data of the packets
// points into the block. VLAN tags that the kernel took off are put back there.
func (b *Block) Read(batch []pipeline.Packet, link linklayer.Type, snaplen int) int {
	n := 0
	for n < len(batch) && b.left > 0 {
		data := b.packet()
		if data == nil || !describe(&batch[n], data, link, snaplen) {
			return n
		}
		n++
		next := int(binary.NativeEndian.Uint32(data[packetNext:]))
		if next == 0 { // there is none
			next = len(data)
		}
		b.next += next
		b.left--
	}
	return n
}

// Rest returns how many packets were announced but not read. After Read has
// returned 0 they are those that a damaged block hides.
func (b *Block) Rest() int { return b.left }

// lastTime returns the time stamp of the last packet, which the kernel also writes down when it
// closes the block.
func (b *Block) lastTime() pipeline.Instant { return timeAt(b.data, blockLastTime) }

// packet returns the block from the next packet's header on, nil if that does not
// lie in it.
func (b *Block) packet() []byte {
	if b.next < blockLen || b.next > len(b.data)-headerLen-addressLen {
		return nil
	}
	return b.data[b.next:]
}

// describe reports whether the packet lies in data, which begin with its header.
func describe(p *pipeline.Packet, data []byte, link linklayer.Type, snaplen int) bool {
	header := (*[headerLen + addressLen]byte)(data)
	begin := int(binary.NativeEndian.Uint16(header[packetMac:]))
	captured := int(binary.NativeEndian.Uint32(header[packetSnaplen:]))
	end := begin + captured
	if begin < len(header) || end < begin || end > len(data) {
		return false
	}
	length := int(binary.NativeEndian.Uint32(header[packetLen:]))
	fill(p, data[len(header):end], begin-len(header), length, tagOf(header), link, snaplen)
	p.Time = timeAt(header[:], packetTime)
	p.Type = packetType(header[addressType])
	return true
}

func tagOf(header *[headerLen + addressLen]byte) vlanTag {
	return vlanTag{
		status: binary.NativeEndian.Uint32(header[packetStatus:]),
		tci:    uint16(binary.NativeEndian.Uint32(header[packetTCI:])),
		tpid:   binary.NativeEndian.Uint16(header[packetTPID:]),
	}
}
