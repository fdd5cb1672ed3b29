package capfile_test

import (
	"bytes"
	"fmt"
	"io"
	"log"

	"github.com/pmtud/pmtud/pipeline"
	"github.com/pmtud/pmtud/pipeline/capfile"
	"github.com/pmtud/pmtud/pipeline/pipelinetest"
)

// A capture is written and read again, here in memory.
func Example() {
	var file bytes.Buffer
	w := capfile.NewWriter(&file, capfile.WriterOptions{})
	for i := range 3 {
		packet := pipelinetest.PTB{MTU: uint32(1400 + i)}.Packet(pipeline.Instant(i * 1000))
		if err := w.Write(&packet); err != nil {
			log.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		log.Fatal(err)
	}

	r := capfile.NewReader(&file, capfile.ReaderOptions{})
	defer r.Close()
	batch := make([]pipeline.Packet, 256)
	for {
		n, err := r.ReadBatch(batch)
		if err == io.EOF {
			return
		}
		if err != nil {
			log.Fatal(err)
		}
		for i := range batch[:n] { // now: the bytes are overwritten by the next ReadBatch
			batch[i].Decode()
			mtu, _ := batch[i].MTU()
			fmt.Println(batch[i].Time.Time().Nanosecond(), mtu)
		}
	}
	// Output:
	// 0 1400
	// 1000 1401
	// 2000 1402
}
