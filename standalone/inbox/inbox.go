// Package inbox is a mailbox for everybody: it takes whatever is sent over SMTP, keeps it on disk and shows it. It knows
// nothing of OKEY.
package inbox

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

const suffix = ".eml"

// Inbox keeps each message as one file, in the very form it came in, after a few lines that say what the envelope said.
type Inbox struct {
	dir string

	mu       sync.RWMutex
	messages []*Message // oldest first
	keys     func(context.Context, time.Time) ([]Key, error)
}

// Open reads what earlier runs have kept in the folder, which it makes if needed.
func Open(dir string) (*Inbox, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the inbox: %w", err)
	}
	entries, err := os.ReadDir(dir) // sorted by name, so by the time of receipt
	if err != nil {
		return nil, fmt.Errorf("read the inbox: %w", err)
	}
	box := &Inbox{dir: dir}
	for _, entry := range entries {
		id, ok := strings.CutSuffix(entry.Name(), suffix)
		if !ok {
			continue // half written when the process was killed: its sender was not told that it arrived
		}
		raw, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("read a message: %w", err)
		}
		box.messages = append(box.messages, parse(id, raw))
	}
	return box, nil
}

// Receive keeps a message for good before it returns.
func (box *Inbox) Receive(from string, to []string, data []byte) error {
	now := time.Now().UTC()
	var file bytes.Buffer
	fmt.Fprintf(&file, "Return-Path: <%s>\r\n", oneLine(from))
	for _, recipient := range to {
		fmt.Fprintf(&file, "Delivered-To: %s\r\n", oneLine(recipient))
	}
	fmt.Fprintf(&file, "%s: by okey-standalone; %s\r\n", endOfEnvelope, now.Format(time.RFC1123Z))
	file.Write(data)

	box.mu.Lock()
	defer box.mu.Unlock()
	id := box.nextID(now)
	if err := writeWhole(filepath.Join(box.dir, id+suffix), file.Bytes()); err != nil {
		return fmt.Errorf("keep a message: %w", err)
	}
	box.messages = append(box.messages, parse(id, file.Bytes()))
	slog.Debug("message received", "recipients", len(to), "bytes", len(data))
	return nil
}

// nextID sorts after every earlier one, even where the clock was set back.
func (box *Inbox) nextID(now time.Time) string {
	random := make([]byte, 3)
	rand.Read(random) // never fails
	id := fmt.Sprintf("%020d-%s", now.UnixNano(), hex.EncodeToString(random))
	if n := len(box.messages); n > 0 && box.messages[n-1].ID >= id {
		return box.messages[n-1].ID + "-" + hex.EncodeToString(random)
	}
	return id
}

// List returns the newest messages first, those that contain the words if there are any.
func (box *Inbox) List(words string) []*Message {
	box.mu.RLock()
	defer box.mu.RUnlock()
	found := make([]*Message, 0, len(box.messages))
	for _, message := range slices.Backward(box.messages) {
		if message.contains(words) {
			found = append(found, message)
		}
	}
	return found
}

// Find returns one message, nil if there is none.
func (box *Inbox) Find(id string) *Message {
	box.mu.RLock()
	defer box.mu.RUnlock()
	at, ok := slices.BinarySearchFunc(box.messages, id, func(m *Message, id string) int { return strings.Compare(m.ID, id) })
	if !ok {
		return nil
	}
	return box.messages[at]
}

// raw is the message as it came in, read from disk: nobody needs attachments in memory.
func (box *Inbox) raw(id string) ([]byte, error) {
	if strings.ContainsAny(id, `/\`) {
		return nil, fs.ErrNotExist
	}
	return os.ReadFile(filepath.Join(box.dir, id+suffix))
}

func writeWhole(path string, content []byte) (err error) {
	half := path + ".new"
	file, err := os.OpenFile(half, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, writeErr := file.Write(content)
	if err := errors.Join(writeErr, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(half, path)
}

func oneLine(text string) string { return strings.NewReplacer("\r", " ", "\n", " ").Replace(text) }
