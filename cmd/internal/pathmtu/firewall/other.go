//go:build !linux

package firewall
