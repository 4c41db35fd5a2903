"""A self-contained SVG, assembled from escaped text and numbers, without external fonts, scripts or links."""

from typing import Final
from xml.sax.saxutils import escape

from conformance.observed.printable import safe

WIDTH: Final = 1200
_STYLE: Final = """
.page{fill:#fff}.ink{fill:#1f2328}.on{fill:#0b1f33}.quiet{fill:#57606a}.line{stroke:#afb8c1;fill:none}.zoom{fill:#eaeef2}
.headers{fill:#b4bfcc}.content{fill:#5a9fd8}.zeros{fill:#2da77a}.data{fill:#7fb3e0}.empty{fill:#fff;stroke:#57606a}
.toc{fill:#f2a93b}.tar-split{fill:#9a6dd7}.footer{fill:#d1242f}.other{fill:#e58fb4}
.name{fill:#9cc9f5}.checksum{fill:#f7a8a3}.magic{fill:#f6cf76}.message{fill:#b4e1b9}.zero{fill:#f3f5f7}
.field{fill:#e3d3f7}.byte{fill:#1f2328}.blank{fill:#a0a9b3}
text{font-family:ui-sans-serif,system-ui,"Segoe UI",Helvetica,Arial,"DejaVu Sans",sans-serif;font-size:13px}
.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:11.5px}
.title{font-size:22px;font-weight:600}.head{font-size:15px;font-weight:600}.small{font-size:8.5px}.middle{text-anchor:middle}
.end{text-anchor:end}
@media (prefers-color-scheme:dark){
.page{fill:#0d1117}.ink{fill:#e6edf3}.on{fill:#fff}.quiet{fill:#9198a1}.line{stroke:#4b535d}.zoom{fill:#1b222b}
.headers{fill:#5d6b7d}.content{fill:#4493d8}.zeros{fill:#3fc08f}.data{fill:#35648f}.empty{fill:#0d1117;stroke:#9198a1}
.toc{fill:#d9922a}.tar-split{fill:#8b5fd0}.footer{fill:#f0524f}.other{fill:#b0557e}
.name{fill:#1f4f80}.checksum{fill:#8a2f2c}.magic{fill:#7a5a12}.message{fill:#2b5f35}.zero{fill:#161b22}
.field{fill:#4b3573}.byte{fill:#e6edf3}.blank{fill:#4b535d}}
"""


class Canvas:
    """Collects the parts of a drawing; ``y`` is the position of the next part."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self.y = 0.0

    def text(self, x: float, y: float, words: str, classes: str = "ink") -> None:
        """Add one line of text, escaped."""
        self._parts.append(f'<text x="{number(x)}" y="{number(y)}" class="{classes}">{escape(safe(words))}</text>')

    def rect(self, x: float, y: float, width: float, height: float, classes: str, radius: float = 0) -> None:
        """Add a filled rectangle."""
        rounded = f' rx="{number(radius)}"' if radius else ""
        self._parts.append(
            f'<rect x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"'
            f'{rounded} class="{classes}"/>'
        )

    def path(self, steps: str, classes: str) -> None:
        """Add a path in SVG notation."""
        self._parts.append(f'<path d="{steps}" class="{classes}"/>')

    def document(self, title: str, description: str) -> str:
        """The whole SVG, with the height of the drawing."""
        height = number(self.y)
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
            f'height="{height}">\n<title>{escape(safe(title))}</title>\n<desc>{escape(safe(description))}</desc>\n'
        )
        page = f'<rect width="{WIDTH}" height="{height}" class="page"/>'
        return f"{head}<style>{_STYLE}</style>\n{page}\n" + "\n".join(self._parts) + "\n</svg>\n"


def number(value: float) -> str:
    """A coordinate with at most two decimals."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
