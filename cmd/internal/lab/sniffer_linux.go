package lab

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"

	"github.com/pmtud/pmtud/pipeline/afpacket"
	"github.com/pmtud/pmtud/pipeline/pipelinetest/netns"
)

// The ring of a sniffer: slots of slotSize bytes, room for a tenth of a second of a flood.
// A PTB is no longer than 1294 bytes (RFC 4443, section 3.2), a datagram than 1514.
const (
	slotSize  = 2048
	slots     = 16384
	blockSize = 64 << 10
)

// sniffer records the frames on a LAN that its filter accepts. It listens on the bridge,
// which sees each frame once. The kernel writes the frames into a ring (packet_mmap,
// version 2), so a burst loses none. Its methods are for one goroutine.
type sniffer struct {
	*afpacket.Socket
	ring  []byte
	taken int
}

// newSniffer returns a sniffer of what the filter accepts.
func newSniffer(lan *netns.NS, filter []bpf.Instruction) (*sniffer, error) {
	s := new(sniffer)
	var link afpacket.Link
	err := lan.Do(func() (err error) {
		s.Socket, link, err = afpacket.Open(bridge)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("sniff in namespace %s: %w", lan.Name, err)
	}
	if err := s.open(link, filter); err != nil {
		return nil, errors.Join(fmt.Errorf("sniff in namespace %s: %w", lan.Name, err), s.close())
	}
	return s, nil
}

func (s *sniffer) open(link afpacket.Link, filter []bpf.Instruction) error {
	program, err := bpf.Assemble(filter)
	if err != nil {
		return fmt.Errorf("assemble filter: %w", err)
	}
	if err := s.Conn.SetBPF(program); err != nil {
		return fmt.Errorf("set filter: %w", err)
	}
	if err := s.Control(s.makeRing); err != nil {
		return fmt.Errorf("make ring: %w", err)
	}
	// A bridge hands what it forwards up to itself when it is promiscuous.
	err = s.Control(func(fd int) error {
		promiscuous := &unix.PacketMreq{Ifindex: int32(link.Index), Type: unix.PACKET_MR_PROMISC}
		return unix.SetsockoptPacketMreq(fd, unix.SOL_PACKET, unix.PACKET_ADD_MEMBERSHIP, promiscuous)
	})
	if err != nil {
		return fmt.Errorf("set promiscuous: %w", err)
	}
	return s.Receive(link)
}

func (s *sniffer) makeRing(fd int) error {
	if err := unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_VERSION, unix.TPACKET_V2); err != nil {
		return err
	}
	size := &unix.TpacketReq{
		Frame_size: slotSize, Frame_nr: slots,
		Block_size: blockSize, Block_nr: slots * slotSize / blockSize,
	}
	if err := unix.SetsockoptTpacketReq(fd, unix.SOL_PACKET, unix.PACKET_RX_RING, size); err != nil {
		return err
	}
	var err error
	s.ring, err = unix.Mmap(fd, 0, slots*slotSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	return err
}

// take calls got with each frame that came since the last call, and the time since
// 1970 when it came, and gives its room in the ring back.
func (s *sniffer) take(got func(f frame, at time.Duration)) {
	for {
		header, f := s.slot(s.taken % slots)
		if header == nil {
			return
		}
		got(f, time.Duration(header.Sec)*time.Second+time.Duration(header.Nsec))
		atomic.StoreUint32(&header.Status, unix.TP_STATUS_KERNEL)
		s.taken++
	}
}

// slot returns what is in a slot of the ring, or nil if there is nothing yet.
func (s *sniffer) slot(i int) (*unix.Tpacket2Hdr, frame) {
	slot := s.ring[i*slotSize:][:slotSize]
	header := (*unix.Tpacket2Hdr)(unsafe.Pointer(&slot[0]))
	if atomic.LoadUint32(&header.Status)&unix.TP_STATUS_USER == 0 {
		return nil, nil
	}
	return header, slot[header.Mac:][:header.Snaplen]
}

// lost returns how many frames the ring had no room for since the last call.
func (s *sniffer) lost() (int, error) {
	stats, err := s.Conn.Stats()
	if err != nil {
		return 0, fmt.Errorf("read sniffer's statistics: %w", err)
	}
	return int(stats.Drops), nil
}

func (s *sniffer) close() error {
	var err error
	if s.ring != nil {
		err = unix.Munmap(s.ring)
	}
	return errors.Join(err, s.Close())
}

// notTo ends a filter for frames to an address, and leaves the others to what follows.
func notTo(mac net.HardwareAddr) []bpf.Instruction {
	return []bpf.Instruction{
		bpf.LoadAbsolute{Off: 0, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: binary.BigEndian.Uint32(mac), SkipTrue: 3},
		bpf.LoadAbsolute{Off: 4, Size: 2},
		bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: uint32(binary.BigEndian.Uint16(mac[4:])), SkipTrue: 1},
		bpf.RetConstant{Val: 0},
	}
}

// onlyBroadcasts accepts what onlyPTBs does, if it is sent to all.
var onlyBroadcasts = slices.Concat([]bpf.Instruction{
	bpf.LoadAbsolute{Off: 0, Size: 4}, // no other group address begins like this
	bpf.JumpIf{Cond: bpf.JumpEqual, Val: 0xffffffff, SkipTrue: 1},
	bpf.RetConstant{Val: 0},
}, onlyPTBs)

// onlyPTBs accepts ICMP type 3 code 4 and ICMPv6 type 2, whatever the destination.
var onlyPTBs = []bpf.Instruction{
	bpf.LoadAbsolute{Off: 12, Size: 2},
	bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.ETH_P_IPV6, SkipTrue: 6},
	bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.ETH_P_IP, SkipTrue: 9},
	bpf.LoadAbsolute{Off: 23, Size: 1},
	bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.IPPROTO_ICMP, SkipTrue: 7},
	bpf.LoadMemShift{Off: 14},
	bpf.LoadIndirect{Off: 14, Size: 2},
	bpf.JumpIf{Cond: bpf.JumpEqual, Val: 0x0304, SkipTrue: 5, SkipFalse: 4},
	bpf.LoadAbsolute{Off: 20, Size: 1},
	bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.IPPROTO_ICMPV6, SkipTrue: 2},
	bpf.LoadAbsolute{Off: 54, Size: 1},
	bpf.JumpIf{Cond: bpf.JumpEqual, Val: 2, SkipTrue: 1},
	bpf.RetConstant{Val: 0},
	bpf.RetConstant{Val: 256 << 10},
}

// relayPort is the port that datagrams of the sink relay go to.
const relayPort = 4821

// ptbsAndDatagrams accepts what onlyPTBs does, and datagrams to relayPort.
var ptbsAndDatagrams = slices.Concat([]bpf.Instruction{
	bpf.LoadAbsolute{Off: 12, Size: 2},
	bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.ETH_P_IPV6, SkipTrue: 6},
	bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.ETH_P_IP, SkipTrue: 10},
	bpf.LoadAbsolute{Off: 23, Size: 1},
	bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.IPPROTO_UDP, SkipTrue: 8},
	bpf.LoadMemShift{Off: 14},
	bpf.LoadIndirect{Off: 14 + 2, Size: 2},
	bpf.JumpIf{Cond: bpf.JumpEqual, Val: relayPort, SkipTrue: 4, SkipFalse: 5},
	bpf.LoadAbsolute{Off: 20, Size: 1},
	bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: unix.IPPROTO_UDP, SkipTrue: 3},
	bpf.LoadAbsolute{Off: 54 + 2, Size: 2},
	bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: relayPort, SkipTrue: 1},
	bpf.RetConstant{Val: 256 << 10},
}, onlyPTBs)
