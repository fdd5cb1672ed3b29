// Package hostnet reads the network interfaces of this host for plugins, and watches
// them for changes.
//
// A [Watcher] calls a function of its owner when it starts, and again whenever an
// interface or an address may have changed. The function rereads what it needs,
// by [Addresses] or [MTU], and publishes it for the hot path, say by an atomic
// pointer:
//
//	w, err := hostnet.Watch(func() error {
//		addrs, err := hostnet.Addresses("lo")
//		if err == nil {
//			f.addrs.Store(&addrs)
//		}
//		return err
//	}, env.Log)
//
// The watcher does not look into the kernel's messages: one of them is a reason to
// read, and a message that the kernel had to drop because its socket was full is a
// reason too. So nothing that changes is missed, however much changes at once. Changes
// that come together are read together, after a twentieth of a second, which bounds
// the work on a host whose interfaces come and go all the time.
//
// Nothing but AF_NETLINK sockets is used, which need no privilege.
package hostnet
