// Package nflogmsg makes packets of the messages in which the kernel logs them
// (linux/netfilter/nfnetlink_log.h). They come by netlink, and in capture files of
// link type 239.
package nflogmsg
