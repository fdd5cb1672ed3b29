// Package netns makes network namespaces for tests, and for programs that
// demonstrate something on a network of their own, without root.
//
// A test binary re-executes itself in a fresh user namespace and is root there:
//
//	func TestMain(m *testing.M) { netns.Main(m) }
//
//	func TestLink(t *testing.T) {
//		a, b := netns.NewTest(t, "a"), netns.NewTest(t, "b")
//		netns.Must(t,
//			netns.Veth(a, "eth0", b, "eth0"),
//			a.Addr("eth0", "192.0.2.1/24", "2001:db8::1/64"),
//			b.Addr("eth0", "192.0.2.2/24", "2001:db8::2/64"),
//		)
//		l, err := a.Listen("tcp4", "192.0.2.1:80")
//		...
//		c, err := b.Dial(t.Context(), "tcp4", "", "192.0.2.1:80")
//		...
//	}
//
// Nothing reaches the interfaces of the machine: even the namespace that the
// process itself runs in is new and has nothing but a loopback interface.
// Everything speaks netlink; no other program is run. The package is for Linux.
package netns
