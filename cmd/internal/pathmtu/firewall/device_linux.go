package firewall

import (
	"github.com/google/nftables"
	"github.com/mdlayher/netlink"
	"golang.org/x/sys/unix"
)

// readDevices reads the interfaces of chains that are attached to some, by their names. Package
// nftables does not.
func readDevices() (map[chainKey][]string, error) {
	devices := map[chainKey][]string{}
	err := dump(unix.NFT_MSG_GETCHAIN, unix.AF_UNSPEC, nil, func(family nftables.TableFamily, d *netlink.AttributeDecoder) {
		key := chainKey{family: family}
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
		devices[key] = names
	})
	if err != nil {
		return nil, err
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
