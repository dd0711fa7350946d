package imports

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"golang.org/x/text/encoding/charmap"

	"okey/internal/spreadsheet"
	"okey/okey"
)

// pskcNamespace is that of RFC 6030, Portable Symmetric Key Container.
const pskcNamespace = "urn:ietf:params:xml:ns:keyprov:pskc"

// readPSKC takes serial numbers and expiry dates from a container. Everything else, key material above all, is passed over as it
// streams by: never kept, never written anywhere. A document type is refused on the way, so there are no entities to expand.
func readPSKC(ctx context.Context, f *spreadsheet.File, file *keyFile, r *Result, opts Options) error {
	p := &pskc{Decoder: xml.NewDecoder(f.XML()), file: file, result: r, most: f.Limits().Rows, undated: map[okey.Serial]bool{}}
	p.CharsetReader = charset
	if err := p.root(); err != nil {
		return p.explain(f.Name, err)
	}
	if opts.UAI == "" {
		return okey.Errorf(okey.CodeInvalid, "Un fichier PSKC ne dit pas l'établissement : %s.", opts.sayWhere())
	}
	uai, err := okey.ParseUAI(opts.UAI)
	if err != nil {
		return err
	}
	p.template = okey.ImportedKey{UAI: uai, Batch: opts.batchOf(f.Name), State: okey.InStock}
	if p.template.ExpiresOn, err = spreadsheet.ParseDate(strings.TrimSpace(opts.Expires)); err != nil {
		return okey.InvalidField("expires", "%s", okey.ErrorMessage(err))
	}
	if err := p.run(ctx, func() { opts.progress(StepReading, p.InputOffset(), f.Size()) }); err != nil {
		return p.explain(f.Name, err)
	}
	if n := len(p.undated); n > 0 {
		r.refuse(p.first, "ExpiryDate", CodeMissing, "La date d'expiration manque (%s) : demandez-la au fournisseur, puis %s.",
			okey.SayCount(n, "clef"), opts.sayUntil())
	}
	return nil
}

// batchOf is the batch of a PSKC file's keys: as given, else the file's name and the day.
func (o Options) batchOf(file string) string {
	if given := strings.TrimSpace(o.Batch); given != "" {
		return given
	}
	name := []rune(strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)))
	return fmt.Sprintf("%s, %s", string(name[:min(len(name), longestBatchName)]), french(o.today()))
}

const longestBatchName = 80 // in characters: with the day it is a batch

// pskc reads a container token by token.
type pskc struct {
	*xml.Decoder
	file     *keyFile
	result   *Result
	template okey.ImportedKey
	most     int // keys

	undated map[okey.Serial]bool // keys without an expiry
	first   int                  // the line of the first of them
}

var (
	errNotPSKC = errors.New("not a key container")
	errSecond  = errors.New("a second key container")
	errTooMany = errors.New("too many keys")
)

// otherFormats are what manufacturers send instead, by the first tag.
var otherFormats = map[string]string{
	"KeyContainer": "un PSKC d'avant la norme, comme ActivIdentity en donne",
	"Tokens":       "un fichier de clefs propre à SafeNet (Thales)",
	"TKNBatch":     "un fichier SDTID propre à RSA SecurID",
}

const askSupplier = "Demandez au fournisseur un fichier PSKC (RFC 6030), ou un tableau numero_de_serie;lot;date_d_expiration;uai, sans " +
	"les secrets."

// root reads up to the container's first tag.
func (p *pskc) root() error {
	for {
		token, err := p.Token()
		if errors.Is(err, io.EOF) {
			return errNotPSKC
		}
		if err != nil {
			return err
		}
		if start, ok := token.(xml.StartElement); ok {
			if start.Name.Local == "KeyContainer" && start.Name.Space == pskcNamespace {
				return nil
			}
			if what, known := otherFormats[start.Name.Local]; known {
				return okey.Errorf(okey.CodeInvalid, "Ce fichier est %s : OKEY n'en lit pas. %s", what, askSupplier)
			}
			return errNotPSKC
		}
	}
}

func (p *pskc) run(ctx context.Context, progress func()) error {
	for !p.result.full() {
		if err := ctx.Err(); err != nil {
			return err
		}
		token, err := p.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if err := p.element(start); err != nil {
			return err
		}
		if p.result.Read > p.most {
			return errTooMany
		}
		if p.result.Read%256 == 0 {
			progress()
		}
	}
	return nil
}

func (p *pskc) element(start xml.StartElement) error {
	switch start.Name.Local {
	case "KeyPackage":
		return p.keyPackage()
	case "KeyContainer":
		return errSecond
	}
	return p.Skip() // encryption keys, signatures, extensions
}

// keyPackage reads DeviceInfo/SerialNo, and the expiry of the device or, failing that, of its key.
func (p *pskc) keyPackage() error {
	line, _ := p.InputPos()
	var serial, device, policy string
	var path []string
	for {
		token, err := p.Token()
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			path = append(path, t.Name.Local)
			var into *string
			switch strings.Join(path, "/") {
			case "DeviceInfo/SerialNo":
				line, _ = p.InputPos()
				into = &serial
			case "DeviceInfo/ExpiryDate":
				into = &device
			case "Key/Policy/ExpiryDate":
				into = &policy
			case "DeviceInfo", "Key", "Key/Policy":
				continue
			}
			if err := p.leaf(into); err != nil {
				return err
			}
			path = path[:len(path)-1]
		case xml.EndElement:
			if len(path) == 0 {
				p.add(line, serial, device, policy)
				return nil
			}
			path = path[:len(path)-1]
		}
	}
}

// leaf reads the text of the element just begun, or passes over all that is in it.
func (p *pskc) leaf(into *string) error {
	if into == nil {
		return p.Skip()
	}
	const longest = 200
	for {
		token, err := p.Token()
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.CharData:
			if len(*into) < longest {
				*into += string(t[:min(len(t), longest)])
			}
		case xml.StartElement:
			if err := p.Skip(); err != nil {
				return err
			}
		case xml.EndElement:
			return nil
		}
	}
}

func (p *pskc) add(line int, serial, device, policy string) {
	p.result.Read++
	row, bad := p.template, false
	row.Line = line
	var err error
	if row.Serial, err = okey.ParseSerial(serial); err != nil {
		bad = true
		p.result.refuse(line, "SerialNo", okey.ErrorCode(err), "%s", okey.ErrorMessage(err))
	}
	expiry := strings.TrimSpace(device)
	if expiry == "" {
		expiry = strings.TrimSpace(policy)
	}
	if expiry != "" {
		if row.ExpiresOn, err = spreadsheet.ParseDate(expiry); err != nil {
			bad = true
			p.result.refuse(line, "ExpiryDate", okey.ErrorCode(err), "%s", okey.ErrorMessage(err))
		}
	}
	if bad || p.file.has(row, expiry == "") { // a device may have several keys, each in a package of its own: RFC 6030, 4.2 and figure 5
		return
	}
	if row.ExpiresOn.IsZero() {
		if len(p.undated) == 0 {
			p.first = line
		}
		p.undated[row.Serial] = true
		return
	}
	p.file.add(p.result, "SerialNo", row)
}

func (p *pskc) explain(name string, err error) error {
	line, _ := p.InputPos()
	var broken *xml.SyntaxError
	var refused *okey.Error
	switch {
	case errors.Is(err, errNotPSKC):
		return okey.Errorf(okey.CodeInvalid, "%s n'est pas un fichier PSKC (RFC 6030). %s", name, askSupplier)
	case errors.Is(err, errSecond):
		return okey.Errorf(okey.CodeInvalid, "%s réunit plusieurs fichiers PSKC (ligne %d) : envoyez-les l'un après l'autre.", name, line)
	case errors.Is(err, errTooMany):
		return okey.Errorf(okey.CodeTooLarge, "%s a plus de %d clefs : découpez-le en plusieurs fichiers.", name, p.most)
	case errors.As(err, &refused):
		return refused
	case errors.As(err, &broken), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return okey.Errorf(okey.CodeInvalid, "%s est un fichier XML endommagé (ligne %d) : demandez-le de nouveau au fournisseur.", name,
			line)
	}
	return fmt.Errorf("read %s: %w", name, err)
}

func charset(label string, input io.Reader) (io.Reader, error) {
	switch strings.ToLower(label) {
	case "utf-8", "us-ascii":
		return input, nil
	case "iso-8859-1", "windows-1252":
		return charmap.Windows1252.NewDecoder().Reader(input), nil
	}
	return nil, okey.Errorf(okey.CodeInvalid, "L'encodage « %s » n'est pas lu : UTF-8 convient.", label)
}
