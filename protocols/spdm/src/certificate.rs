//! Certificates and chains of them (DSP0274 1.3, 10.8; RFC 5280; PCIe 6.1, 6.31.3).
