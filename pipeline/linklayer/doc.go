// Package linklayer names what capture files and kernels call link layers, the kinds of packets on
// them, the EtherTypes that matter here, and the address of frames that pmtud injects.
package linklayer
