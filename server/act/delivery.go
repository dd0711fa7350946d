package act

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"okey/imports"
	"okey/okey"
	"okey/server/respond"
	"okey/sql"

	"github.com/google/uuid"
)

// Upload is a file that came with a form. It is kept in memory alone: a PSKC file holds secrets that must never reach a disk.
type Upload struct {
	Name    string
	Content []byte
	Values  map[string]string // the form's other fields
	Twice   []string          // fields that came more than once: the last counts
}

// ReadUpload reads a multipart form with one file, of which nothing is written anywhere.
func ReadUpload(r *http.Request) (Upload, error) {
	up := Upload{Values: map[string]string{}}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "multipart/form-data" {
		return up, okey.Errorf(respond.CodeMedia, "Envoyez un formulaire avec le fichier : multipart/form-data, champ « file ».")
	}
	if r.ContentLength > respond.MaxUpload+respond.MaxBody {
		return up, tooLargeUpload()
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return up, DamagedForm()
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return up, nil
		}
		if err != nil {
			return up, uploadFailure(err)
		}
		limit := int64(respond.MaxUpload)
		if part.FormName() != "file" {
			limit = 4 << 10
		}
		if _, twice := up.Values[part.FormName()]; twice || part.FormName() == "file" && up.Name != "" {
			up.Twice = append(up.Twice, part.FormName())
		}
		content, err := io.ReadAll(io.LimitReader(part, limit+1))
		switch {
		case err != nil:
			return up, uploadFailure(err)
		case int64(len(content)) > limit:
			return up, tooLargeUpload()
		case part.FormName() == "file":
			up.Name, up.Content = cleanName(part.FileName()), content
		default:
			up.Values[part.FormName()] = string(content)
		}
	}
}

func tooLargeUpload() error {
	return okey.Errorf(okey.CodeTooLarge, "Ce fichier est trop volumineux : 20 Mo au plus. Découpez-le en plusieurs.")
}

// DamagedForm is the error of a form that arrived in pieces.
func DamagedForm() error {
	return okey.Errorf(okey.CodeInvalid, "Ce formulaire est arrivé abîmé : recommencez l'envoi.")
}

func uploadFailure(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return tooLargeUpload()
	}
	return DamagedForm()
}

// cleanName is a file's name for people's eyes: no path, nothing invisible, not long.
func cleanName(name string) string {
	name = path.Base(strings.ReplaceAll(strings.ToValidUTF8(name, ""), `\`, "/"))
	name = okey.VisibleLine(strings.ReplaceAll(name, `"`, ""))
	if runes := []rune(name); len(runes) > 100 {
		name = string(runes[:100])
	}
	if name == "" || name == "." || name == "/" {
		return "fichier"
	}
	return name
}

// Receive reads a delivery and keeps it as a draft under id. Rows that can't be taken are a BadRows error, and nothing is kept.
func (s *Dispatcher) Receive(ctx context.Context, actor okey.Actor, id uuid.UUID, up Upload, announced bool) (sql.Delivery, error) {
	d := sql.Delivery{ID: id, FileName: up.Name, Announced: announced, State: okey.DeliveryDraft, By: actor.ID, CreatedAt: time.Now().UTC()}
	if len(up.Content) == 0 {
		return d, okey.InvalidField("file", "Choisissez le fichier de la livraison, Excel, CSV ou PSKC. Un fichier vide n'apporte rien.")
	}
	opts := imports.Options{
		At:      d.CreatedAt,
		Form:    true,
		UAI:     up.Values["uai"],
		Batch:   up.Values["lot"],
		Expires: up.Values["expires"],
		Force:   up.Values["look_alikes"] != "",
	}
	defer clear(up.Content) // the only copy of what may hold a PSKC's secrets
	read, result, err := imports.ReadDelivery(
		ctx,
		imports.Source{Name: up.Name, Content: bytes.NewReader(up.Content), Size: int64(len(up.Content))},
		opts,
	)
	if err != nil {
		return d, respond.InFile(err)
	}
	d.Sum, d.Keys = read.Sum, len(read.Rows)
	if recorded, err := s.store.Delivery(ctx, id); err == nil && recorded.State != okey.DeliveryDraft {
		return d, nil // sent again: what became of it is told
	}
	if err := imports.CheckDelivery(ctx, s.store, read.Rows, result, opts); err != nil {
		return d, err
	}
	if !result.OK() {
		return d, respond.BadRows{Result: result}
	}
	return d, s.store.SaveDelivery(ctx, d, read.Rows)
}

func normaliseArrival(cmd Command) (okey.Content, error) {
	var wrong respond.Invalid
	var serials []okey.Serial
	for _, serial := range cmd.Content.Serials {
		parsed, err := okey.ParseSerial(string(serial))
		if err := wrong.Add(err); err != nil {
			return cmd.Content, err
		}
		if !slices.Contains(serials, parsed) {
			serials = append(serials, parsed)
		}
	}
	cmd.Content.Serials = serials
	if len(cmd.Content.Serials) == 0 {
		wrong = append(wrong, okey.InvalidField("serials", "Cochez les clefs que vous avez en main."))
	}
	return cmd.Content, wrong.OrNil()
}
