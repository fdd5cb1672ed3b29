package capfile_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
)

const benchPackets = 100_000

// perPacket reports the time of a packet.
func perPacket(b *testing.B) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchPackets, "ns/packet")
}

func BenchmarkReader(b *testing.B) {
	packets := samplePackets(benchPackets)
	for _, format := range []capfile.Format{capfile.Pcap, capfile.Pcapng} {
		file := write(b, capfile.WriterOptions{Encoder: capfile.Encoder{Format: format}}, packets...)
		for _, tc := range []struct {
			name  string
			file  []byte
			ahead bool
		}{
			{"capfile", file, false},
			{"capfile gzip", gzipped(b, file), false},
			{"capfile gzip ahead", gzipped(b, file), true},
			{"capfile zstd", zstdCompressed(b, file), false},
			{"capfile zstd ahead", zstdCompressed(b, file), true},
		} {
			b.Run(format.String()+"/"+tc.name, func(b *testing.B) {
				dst := make([]pipeline.Packet, 256)
				b.ReportAllocs()
				for b.Loop() {
					r := capfile.NewReader(bytes.NewReader(tc.file), capfile.ReaderOptions{ReadAhead: tc.ahead})
					drain(b, r, dst)
					r.Close()
				}
				perPacket(b)
			})
		}
		b.Run(format.String()+"/pcapgo", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				drainPcapgo(b, file)
			}
			perPacket(b)
		})
	}
}

func drain(b *testing.B, r capfile.BatchReader, dst []pipeline.Packet) {
	for packets := 0; ; {
		n, err := r.ReadBatch(dst)
		packets += n
		if err == nil {
			continue
		}
		if !errors.Is(err, io.EOF) || packets != benchPackets {
			b.Fatalf("%d packets, %v", packets, err)
		}
		return
	}
}

func drainPcapgo(b *testing.B, file []byte) {
	r, _, err := pcapgoOpen(file)
	packets := -1
	for ; err == nil; packets++ {
		_, _, err = r.ZeroCopyReadPacketData()
	}
	if !errors.Is(err, io.EOF) || packets != benchPackets {
		b.Fatalf("%d packets, %v", packets, err)
	}
}

func BenchmarkWriter(b *testing.B) {
	packets := samplePackets(benchPackets)
	for _, e := range []capfile.Encoder{{}, {Format: capfile.Pcapng}} {
		b.Run(e.Format.String()+"/capfile", func(b *testing.B) {
			w := capfile.NewWriter(io.Discard, capfile.WriterOptions{Encoder: e})
			b.ReportAllocs()
			for b.Loop() {
				w.Reset(io.Discard)
				for i := range packets {
					if err := w.Write(&packets[i]); err != nil {
						b.Fatal(err)
					}
				}
				if err := w.Flush(); err != nil {
					b.Fatal(err)
				}
			}
			perPacket(b)
		})
	}
	b.Run("pcap/pcapgo", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			out := bufio.NewWriterSize(io.Discard, 128<<10)
			w := pcapgo.NewWriter(out)
			if err := w.WriteFileHeader(65535, layers.LinkTypeEthernet); err != nil {
				b.Fatal(err)
			}
			for i := range packets {
				if err := w.WritePacket(infoOf(&packets[i]), packets[i].Data); err != nil {
					b.Fatal(err)
				}
			}
		}
		perPacket(b)
	})
	b.Run("pcapng/pcapgo", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := pcapgoWriteNg(io.Discard, packets); err != nil {
				b.Fatal(err)
			}
		}
		perPacket(b)
	})
}
