//! captive-portal
