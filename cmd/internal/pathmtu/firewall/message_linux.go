package firewall

import (
	"encoding/binary"

	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"
)

// meta returns what is known of a message besides its bytes.
func (m Message) meta(key expr.MetaKey) []byte {
	switch key {
	case expr.MetaKeyNFPROTO:
		if m.IPv6 {
			return []byte{unix.NFPROTO_IPV6}
		}
		return []byte{unix.NFPROTO_IPV4}
	case expr.MetaKeyL4PROTO:
		return []byte{m.protocol()}
	case expr.MetaKeyPROTOCOL:
		if m.IPv6 {
			return binary.BigEndian.AppendUint16(nil, unix.ETH_P_IPV6)
		}
		return binary.BigEndian.AppendUint16(nil, unix.ETH_P_IP)
	case expr.MetaKeyIIFNAME, expr.MetaKeyOIFNAME:
		if (key == expr.MetaKeyOIFNAME) != m.Out {
			return make([]byte, unix.IFNAMSIZ)
		}
		return append([]byte(m.Interface), make([]byte, unix.IFNAMSIZ-len(m.Interface))...)
	case expr.MetaKeyIIF, expr.MetaKeyOIF:
		if (key == expr.MetaKeyOIF) != m.Out {
			return make([]byte, 4)
		}
		return binary.NativeEndian.AppendUint32(nil, uint32(m.Index))
	}
	return nil
}

func (m Message) protocol() byte {
	if m.IPv6 {
		return unix.IPPROTO_ICMPV6
	}
	return unix.IPPROTO_ICMP
}

// payload returns bytes of a message, or nil unless all are known.
func (m Message) payload(base expr.PayloadBase, offset, length int) []byte {
	known := map[int]byte{}
	switch base {
	case expr.PayloadBaseTransportHeader:
		known[0], known[1] = m.typeAndCode()
	case expr.PayloadBaseNetworkHeader:
		const protocol4, next6 = 9, 6
		if m.IPv6 {
			known[next6] = m.protocol()
		} else {
			known[protocol4] = m.protocol()
		}
	}
	value := make([]byte, 0, length)
	for i := range length {
		b, ok := known[offset+i]
		if !ok {
			return nil
		}
		value = append(value, b)
	}
	return value
}
