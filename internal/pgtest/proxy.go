package pgtest

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// Proxy stands between a program and a database, and fails as networks do: it goes silent with its connections open, it closes them, it
// leads new ones elsewhere.
type Proxy struct {
	URL string

	mu     sync.Mutex
	moved  *sync.Cond
	to     string
	refuse bool
	links  map[*link]bool

	asked asked
}

// link is one connection and its other half. Under the proxy's lock.
type link struct {
	client, server net.Conn
	silent         bool
}

// NewProxy stands before the database of the URL until the test ends.
func NewProxy(t testing.TB, database string) *Proxy {
	t.Helper()
	to, err := url.Parse(database)
	if err != nil {
		t.Fatal("pgtest: the database's address can't be read")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("pgtest: %v", err)
	}
	p := &Proxy{to: to.Host, links: map[*link]bool{}}
	p.moved = sync.NewCond(&p.mu)
	to.Host = listener.Addr().String()
	p.URL = to.String()
	go p.accept(listener)
	t.Cleanup(func() {
		_ = listener.Close()
		p.Cut()
	})
	return p
}

func (p *Proxy) accept(listener net.Listener) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		to, refuse := p.to, p.refuse
		p.mu.Unlock()
		server, err := net.Dial("tcp", to)
		if refuse || err != nil {
			_ = client.Close()
			continue
		}
		l := &link{client: client, server: server}
		p.mu.Lock()
		p.links[l] = true
		p.mu.Unlock()
		heard := &frontend{to: &p.asked, prepared: map[string]string{}}
		go p.pass(l, io.TeeReader(client, heard), server)
		go p.pass(l, server, client)
	}
}

// pass carries what one side says to the other, unless the proxy is silent.
func (p *Proxy) pass(l *link, from io.Reader, to io.Writer) {
	defer p.end(l)
	buffer := make([]byte, 16<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		p.mu.Lock()
		for l.silent && p.links[l] {
			p.moved.Wait()
		}
		p.mu.Unlock()
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func (p *Proxy) end(l *link) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.links, l)
	_, _ = l.client.Close(), l.server.Close()
	p.moved.Broadcast()
}

// Silence passes nothing on for the connections that are open, which stay so. New ones are well. It returns how many there are.
func (p *Proxy) Silence() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	for l := range p.links {
		l.silent = true
	}
	return len(p.links)
}

// Lead has new connections go to the database of another URL.
func (p *Proxy) Lead(database string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if to, err := url.Parse(database); err == nil {
		p.to = to.Host
	}
}

// Cut closes all connections, and takes no new ones until Mend.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = true
	p.drop()
}

// Drop closes all connections, as a proxy does with idle ones. New ones are well.
func (p *Proxy) Drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop()
}

func (p *Proxy) drop() {
	for l := range p.links {
		delete(p.links, l)
		_, _ = l.client.Close(), l.server.Close()
	}
	p.moved.Broadcast()
}

// Mend takes new connections again.
func (p *Proxy) Mend() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = false
}
