package inbox

import (
	"bytes"
	"errors"
	"io"
	"net/mail"
	"strings"
	"time"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // mail in other charsets than UTF-8
	gomail "github.com/emersion/go-message/mail"
)

// endOfEnvelope is the header line after which the sender's own message begins.
const endOfEnvelope = "Received"

// Message is one mail, decoded. Its JSON is contract: scripts read it at /messages.json.
type Message struct {
	ID      string    `json:"id"`
	From    string    `json:"from"` // the bare address
	To      []string  `json:"to"`   // the envelope's recipients, so blind copies too
	Subject string    `json:"subject"`
	Date    time.Time `json:"date"`
	Text    string    `json:"text"`
	HTML    string    `json:"html"`

	Sender      string       `json:"-"` // the From line as it is read by people
	Attachments []attachment `json:"-"`
}

type attachment struct {
	Name string
	Type string
	body []byte // dropped once the message is listed
}

// parse decodes a kept message. What can't be decoded is shown as it came: an inbox never hides a mail.
func parse(id string, raw []byte) *Message {
	m := decode(id, raw)
	for i := range m.Attachments {
		m.Attachments[i].body = nil
	}
	return m
}

func decode(id string, raw []byte) *Message {
	m := &Message{ID: id, To: []string{}}
	reader, err := gomail.CreateReader(bytes.NewReader(raw))
	if err != nil && !message.IsUnknownCharset(err) {
		m.Text = string(raw)
		return m
	}
	defer reader.Close()
	m.readHeader(reader.Header)
	for {
		part, err := reader.NextPart()
		if errors.Is(err, io.EOF) {
			return m
		}
		if err != nil && !message.IsUnknownCharset(err) {
			m.Text += "\n[" + err.Error() + "]"
			return m
		}
		m.readPart(part)
	}
}

func (m *Message) readHeader(header gomail.Header) {
	var envelopeFrom string
	fields := header.Fields()
	for fields.Next() && fields.Key() != endOfEnvelope {
		switch fields.Key() {
		case "Return-Path":
			envelopeFrom = strings.Trim(fields.Value(), "<>")
		case "Delivered-To":
			m.To = append(m.To, fields.Value())
		}
	}
	m.From, m.Sender = envelopeFrom, envelopeFrom
	if from, err := header.AddressList("From"); err == nil && len(from) > 0 {
		m.From, m.Sender = from[0].Address, readable(from[0])
	}
	var err error
	if m.Subject, err = header.Subject(); err != nil {
		m.Subject = header.Get("Subject")
	}
	if m.Date, err = header.Date(); err != nil || m.Date.IsZero() {
		_, stamp, _ := strings.Cut(header.Get(endOfEnvelope), "; ")
		m.Date, _ = mail.ParseDate(stamp) // our own stamp: we wrote it
	}
}

func readable(address *gomail.Address) string {
	if address.Name == "" {
		return address.Address
	}
	return address.Name + " <" + address.Address + ">"
}

func (m *Message) readPart(part *gomail.Part) {
	body, err := io.ReadAll(part.Body)
	if err != nil {
		body = append(body, "\n["+err.Error()+"]"...)
	}
	switch header := part.Header.(type) {
	case *gomail.InlineHeader:
		kind, parameters, err := header.ContentType()
		switch {
		case err == nil && kind == "text/html":
			m.HTML += string(body)
		case err != nil || strings.HasPrefix(kind, "text/"):
			m.Text += strings.ReplaceAll(string(body), "\r\n", "\n")
		default: // an image beside the text
			m.Attachments = append(m.Attachments, attachment{Name: parameters["name"], Type: kind, body: body})
		}
	case *gomail.AttachmentHeader:
		name, _ := header.Filename() // a name that can't be decoded is no name
		kind, _, _ := header.ContentType()
		m.Attachments = append(m.Attachments, attachment{Name: name, Type: kind, body: body})
	}
}

func (m *Message) contains(words string) bool {
	text := strings.ToLower(strings.Join(append([]string{m.Sender, m.Subject, m.Text}, m.To...), "\n"))
	for word := range strings.FieldsSeq(strings.ToLower(words)) {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}
