package linklayer

import (
	"fmt"
	"strconv"
)

// Type is a link-layer header type as capture files number it
// (https://www.tcpdump.org/linktypes.html).
type Type uint16

// The link types that are decoded. Packets of another type have an empty View.
const (
	Null     Type = 0   // BSD loopback: a protocol family in the host's byte order
	Ethernet Type = 1   // IEEE 802.3
	PPP      Type = 9   // PPP, with or without the address and control bytes of HDLC
	PPPHDLC  Type = 50  // PPP in HDLC-like framing (RFC 1662), or Cisco's HDLC
	PPPEther Type = 51  // PPPoE (RFC 2516), without an Ethernet header
	Raw      Type = 101 // IPv4 or IPv6, told apart by the version nibble
	Loop     Type = 108 // OpenBSD loopback: a protocol family in network byte order
	SLL      Type = 113 // Linux cooked capture
	IPv4     Type = 228
	IPv6     Type = 229
	SLL2     Type = 276 // Linux cooked capture, version 2
)

// Decoded reports whether packets of the link type are decoded.
func (l Type) Decoded() bool {
	switch l {
	case Null, Ethernet, PPP, PPPHDLC, PPPEther, Raw, Loop, SLL, IPv4, IPv6, SLL2:
		return true
	}
	return false
}

// String returns the number, and the name that tcpdump's list gives it, for example
// "105 (IEEE802_11)".
func (l Type) String() string {
	name, ok := linkNames[l]
	if l >= 147 && l <= 162 {
		name, ok = fmt.Sprintf("USER%d", l-147), true
	}
	if !ok {
		return strconv.Itoa(int(l))
	}
	return fmt.Sprintf("%d (%s)", uint16(l), name)
}

// linkNames are the names of link types that captures are likely to have, without
// the prefix LINKTYPE_.
var linkNames = map[Type]string{
	Null: "NULL", Ethernet: "ETHERNET", PPP: "PPP", PPPHDLC: "PPP_HDLC", PPPEther: "PPP_ETHER",
	Raw: "RAW", Loop: "LOOP", SLL: "LINUX_SLL", IPv4: "IPV4", IPv6: "IPV6", SLL2: "LINUX_SLL2",
	3: "AX25", 6: "IEEE802_5", 7: "ARCNET_BSD", 8: "SLIP", 10: "FDDI",
	100: "ATM_RFC1483", 104: "C_HDLC", 105: "IEEE802_11", 107: "FRELAY", 114: "LTALK", 117: "PFLOG",
	119: "IEEE802_11_PRISM", 122: "IP_OVER_FC", 123: "SUNATM", 127: "IEEE802_11_RADIOTAP", 129: "ARCNET_LINUX",
	138: "APPLE_IP_OVER_IEEE1394", 139: "MTP2_WITH_PHDR", 140: "MTP2", 141: "MTP3", 142: "SCCP", 143: "DOCSIS",
	144: "LINUX_IRDA", 163: "IEEE802_11_AVS", 165: "BACNET_MS_TP", 166: "PPP_PPPD", 169: "GPRS_LLC", 170: "GPF_T",
	177: "LINUX_LAPD", 182: "MFR", 187: "BLUETOOTH_HCI_H4", 189: "USB_LINUX", 192: "PPI", 195: "IEEE802_15_4_WITHFCS",
	197: "ERF", 201: "BLUETOOTH_HCI_H4_WITH_PHDR", 202: "AX25_KISS", 203: "LAPD", 204: "PPP_WITH_DIR",
	205: "C_HDLC_WITH_DIR", 206: "FRELAY_WITH_DIR", 209: "IPMB_LINUX", 212: "LIN", 215: "IEEE802_15_4_NONASK_PHY",
	220: "USB_LINUX_MMAPPED", 224: "FC_2", 225: "FC_2_WITH_FRAME_DELIMS", 226: "IPNET", 227: "CAN_SOCKETCAN",
	230: "IEEE802_15_4_NOFCS", 231: "DBUS", 235: "DVB_CI", 236: "MUX27010", 239: "NFLOG", 240: "NETANALYZER",
	241: "NETANALYZER_TRANSPARENT", 242: "IPOIB", 243: "MPEG_2_TS", 245: "NFC_LLCP", 247: "INFINIBAND", 248: "SCTP",
	249: "USBPCAP", 250: "RTAC_SERIAL", 251: "BLUETOOTH_LE_LL", 252: "WIRESHARK_UPPER_PDU", 253: "NETLINK",
	254: "BLUETOOTH_LINUX_MONITOR", 255: "BLUETOOTH_BREDR_BB", 256: "BLUETOOTH_LE_LL_WITH_PHDR", 257: "PROFIBUS_DL",
	258: "PKTAP", 259: "EPON", 264: "ISO_14443", 265: "RDS", 266: "USB_DARWIN", 270: "LORATAP", 271: "VSOCK",
	272: "NORDIC_BLE", 273: "DOCSIS31_XRA31", 274: "ETHERNET_MPACKET", 278: "ZWAVE_SERIAL", 283: "ATSC_ALP",
}
