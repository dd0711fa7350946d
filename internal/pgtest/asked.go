package pgtest

import (
	"bytes"
	"encoding/binary"
	"sync"
)

// asked is what programs have asked of a database, statement by statement: BEGIN and COMMIT are statements, too.
type asked struct {
	mu         sync.Mutex
	statements []string
}

// Asked returns the statements that have passed since it was last called, in their order.
func (p *Proxy) Asked() []string {
	p.asked.mu.Lock()
	defer p.asked.mu.Unlock()
	said := p.asked.statements
	p.asked.statements = nil
	return said
}

// frontend reads what one program says to its server (PostgreSQL's documentation, "Message Formats").
type frontend struct {
	to       *asked
	rest     []byte
	begun    bool
	prepared map[string]string // statements by their names; the unnamed one has none
	bound    string
}

// Write is part of io.Writer.
func (f *frontend) Write(part []byte) (int, error) {
	f.rest = append(f.rest, part...)
	head := 1 // the kind of message; the first has none
	for {
		if !f.begun {
			head = 0
		}
		if len(f.rest) < head+4 {
			return len(part), nil
		}
		end := head + int(binary.BigEndian.Uint32(f.rest[head:]))
		if len(f.rest) < end {
			return len(part), nil
		}
		if f.begun {
			f.message(f.rest[0], f.rest[head+4:end])
		}
		f.begun, f.rest, head = true, f.rest[end:], 1
	}
}

func (f *frontend) message(kind byte, content []byte) {
	texts := bytes.SplitN(content, []byte{0}, 3)
	switch kind {
	case 'P': // prepare: name, statement
		f.prepared[string(texts[0])] = string(texts[1])
	case 'B': // bind: portal, name
		f.bound = f.prepared[string(texts[1])]
	case 'E':
		f.to.add(f.bound)
	case 'Q':
		f.to.add(string(texts[0]))
	}
}

func (a *asked) add(statement string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.statements = append(a.statements, statement)
}
