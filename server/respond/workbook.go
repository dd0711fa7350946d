package respond

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// SendWorkbook answers a workbook under its name; sum is its SHA-256.
func SendWorkbook(c *gin.Context, name, sum string, content []byte) {
	c.Header("Content-Disposition", `attachment; filename="`+name+`"`)
	c.Header("ETag", `"`+sum+`"`)
	c.Data(http.StatusOK, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", content)
}
