package firewall

import (
	"github.com/google/nftables"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// readDevices reads the interfaces of chains that are attached to some, by their names. Package
// nftables does not.
func readDevices() (map[chainKey][]string, error) {
	c, err := netlink.Dial(unix.NETLINK_NETFILTER, nil)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	const nfgenmsg = 4
	answers, err := c.Execute(netlink.Message{
		Header: netlink.Header{
			Type:  netlink.HeaderType(unix.NFNL_SUBSYS_NFTABLES<<8 | unix.NFT_MSG_GETCHAIN),
			Flags: netlink.Request | netlink.Dump,
		},
		Data: make([]byte, nfgenmsg), // of all families
	})
	if err != nil {
		return nil, err
	}
	devices := map[chainKey][]string{}
	for _, m := range answers {
		if len(m.Data) < nfgenmsg {
			continue
		}
		d, err := netlink.NewAttributeDecoder(m.Data[nfgenmsg:])
		if err != nil {
			return nil, err
		}
		key := chainKey{family: nftables.TableFamily(m.Data[0])}
		var names []string
		for d.Next() {
			switch d.Type() {
			case unix.NFTA_CHAIN_TABLE:
				key.table = d.String()
			case unix.NFTA_CHAIN_NAME:
				key.name = d.String()
			case unix.NFTA_CHAIN_HOOK:
				d.Nested(func(d *netlink.AttributeDecoder) error { return readHook(d, &names) })
			}
		}
		if d.Err() != nil {
			return nil, d.Err()
		}
		devices[key] = names
	}
	return devices, nil
}

// readHook reads the names of a hook's interfaces: one, or a list that holds it too.
func readHook(d *netlink.AttributeDecoder, names *[]string) error {
	const list = 4 // NFTA_HOOK_DEVS, from Linux 5.5 on
	for d.Next() {
		switch d.Type() {
		case unix.NFTA_HOOK_DEV:
			*names = append(*names, d.String())
		case list:
			d.Nested(func(d *netlink.AttributeDecoder) error {
				for d.Next() {
					*names = append(*names, d.String())
				}
				return d.Err()
			})
		}
	}
	return d.Err()
}
