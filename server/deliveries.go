package server

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
	"okey/sql"

	"github.com/google/uuid"
)

// maxUpload is the most that a file may have.
const maxUpload = imports.MaxDelivery

// upload is a file that came with a form. It is kept in memory alone: a PSKC file holds secrets that must never reach a disk.
type upload struct {
	Name    string
	Content []byte
	Values  map[string]string // the form's other fields
}

// readUpload reads a multipart form with one file, of which nothing is written anywhere.
func readUpload(r *http.Request) (upload, error) {
	up := upload{Values: map[string]string{}}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "multipart/form-data" {
		return up, okey.Errorf(codeMedia, "Envoyez un formulaire avec le fichier : multipart/form-data, champ « file ».")
	}
	if r.ContentLength > maxUpload+maxBody {
		return up, tooLargeUpload()
	}
	parts, err := r.MultipartReader()
	if err != nil {
		return up, damagedForm()
	}
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return up, nil
		}
		if err != nil {
			return up, uploadFailure(err)
		}
		limit := int64(maxUpload)
		if part.FormName() != "file" {
			limit = 4 << 10
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
	return okey.Errorf(okey.CodeTooLarge, "Ce fichier est trop volumineux : 20 Mo au plus. Découpez-le en plusieurs livraisons.")
}

func damagedForm() error {
	return okey.Errorf(okey.CodeInvalid, "Ce formulaire est arrivé abîmé : recommencez l'envoi.")
}

func uploadFailure(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return tooLargeUpload()
	}
	return damagedForm()
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

// badRows are the rows for which a delivery is refused; nothing of it is taken.
type badRows struct{ result *imports.Result }

func (b badRows) Error() string { return "a delivery has bad rows" }

// Unwrap lets the error be answered as unprocessable.
func (b badRows) Unwrap() error {
	return okey.Errorf(okey.CodeInvalid, "Rien n'a été pris : corrigez ce qui suit dans le fichier, puis renvoyez-le entier (anomalies : %d).", len(b.result.Errors))
}

// receive reads a delivery and keeps it as a draft under id. Rows that can't be taken are a badRows error, and nothing is kept.
func (s *Server) receive(ctx context.Context, actor okey.Actor, id uuid.UUID, up upload, announced bool) (sql.Delivery, error) {
	d := sql.Delivery{ID: id, FileName: up.Name, Announced: announced, State: okey.DeliveryDraft, By: actor.ID, CreatedAt: time.Now().UTC()}
	if len(up.Content) == 0 {
		return d, okey.InvalidField("file", "Choisissez le fichier de la livraison, Excel, CSV ou PSKC. Un fichier vide n'apporte rien.")
	}
	opts := imports.Options{At: d.CreatedAt, Form: true, UAI: up.Values["uai"], Batch: up.Values["lot"], Force: up.Values["look_alikes"] != ""}
	defer clear(up.Content) // the only copy of what may hold a PSKC's secrets
	read, result, err := imports.ReadDelivery(ctx, imports.Source{Name: up.Name, Content: bytes.NewReader(up.Content), Size: int64(len(up.Content))}, opts)
	if err != nil {
		return d, inFile(err)
	}
	d.Sum, d.Keys = read.Sum, len(read.Rows)
	if recorded, err := s.store.Delivery(ctx, id); err == nil && recorded.State != okey.DeliveryDraft {
		return d, nil // sent again: what became of it is told
	}
	if err := imports.CheckDelivery(ctx, s.store, read.Rows, result, opts); err != nil {
		return d, err
	}
	if !result.OK() {
		return d, badRows{result}
	}
	return d, s.store.SaveDelivery(ctx, d, read.Rows)
}

// inFile says that an error about a file as a whole is about the field that carried it.
func inFile(err error) error {
	var known *okey.Error
	if errors.As(err, &known) && known.Code == okey.CodeInvalid {
		return okey.InvalidField("file", "%s", known.Message)
	}
	return err
}

func normaliseArrival(w *wish) error {
	var wrong invalid
	var serials []okey.Serial
	for _, serial := range w.Content.Serials {
		parsed, err := okey.ParseSerial(string(serial))
		if err := wrong.add(err); err != nil {
			return err
		}
		if !slices.Contains(serials, parsed) {
			serials = append(serials, parsed)
		}
	}
	w.Content.Serials = serials
	if len(w.Content.Serials) == 0 {
		wrong = append(wrong, okey.InvalidField("serials", "Cochez les clefs que vous avez en main."))
	}
	return wrong.orNil()
}

// carriesFile tells the requests that may be larger than a form.
func carriesFile(r *http.Request) bool {
	return r.Method == http.MethodPost && (r.URL.Path == "/api/v1/deliveries" || r.URL.Path == pathDeliveries)
}
