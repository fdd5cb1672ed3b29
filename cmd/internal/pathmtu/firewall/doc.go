// Package firewall finds rules of nftables and of iptables, old and new, that drop the ICMP
// messages of path MTU discovery. It reads the rules and follows a message through them, as far
// as what is known of it decides; a rule that depends on anything else is taken to let it pass.
package firewall
